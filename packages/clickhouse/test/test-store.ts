import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CallRow, createStore, HourMarks, migrate, startEmbeddedEngine, type Store } from "../src/index.ts";

/** A store on an embedded engine with a folder of its own. */
export interface TestStore {
  readonly store: Store;
  readonly dataDir: string;
  readonly marks: HourMarks;
  /** Marks the calls' hours, then writes the calls. */
  ingest(calls: readonly CallRow[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestStore(): Promise<TestStore> {
  const dataDir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  const engine = await startEmbeddedEngine({ dataDir });
  const store = createStore({ socketPath: engine.socketPath });
  await migrate(store.client);
  const marks = new HourMarks(store.client);
  return {
    store,
    dataDir,
    marks,
    async ingest(calls) {
      const inFlight = await marks.begin(calls);
      await store.insert({ spans: [], calls });
      inFlight.done();
    },
    async stop() {
      await store.close();
      await engine.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
