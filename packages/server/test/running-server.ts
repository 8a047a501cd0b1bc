import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntilInserted } from "./wait-until-inserted.ts";
import { loadConfig, type RunningServer, type ServerFlags, startServer } from "../src/index.ts";

/** A server on free ports with a folder of its own. */
export interface TestServer {
  readonly server: RunningServer;
  readonly dataDir: string;
  /** Rows of a statement on the public endpoint, when all that was acknowledged is there. */
  sql<Row = Record<string, unknown>>(statement: string): Promise<Row[]>;
  /** Posts an OTLP body and returns the status. */
  post(body: Uint8Array | string, contentType: string): Promise<Response>;
  /** Waits until a statement gives rows that `isThere` accepts. */
  waitFor<Row>(statement: string, isThere: (rows: Row[]) => boolean): Promise<Row[]>;
  stop(): Promise<void>;
}

const WAIT_LIMIT_MS = 20_000;
const POLL_MS = 100;

export async function startTestServer(flags: ServerFlags = {}): Promise<TestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  const server = await startServer(
    loadConfig({}, { data: dataDir, port: "0", otlpHttpPort: "0", otlpGrpcPort: "0", sqlPort: "0", ...flags }),
  );
  const sql = async <Row>(statement: string): Promise<Row[]> => {
    await waitUntilInserted(server.urls.api);
    const response = await fetch(`${server.urls.api}/api/v1/sql?format=JSONEachRow`, {
      method: "POST",
      body: statement,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Row);
  };
  return {
    server,
    dataDir,
    sql,
    post: (body, contentType) =>
      fetch(`${server.urls.otlp}/v1/traces`, {
        method: "POST",
        headers: { "content-type": contentType },
        body: body as NonNullable<RequestInit["body"]>,
      }),
    async waitFor<Row>(statement: string, isThere: (rows: Row[]) => boolean) {
      const deadline = Date.now() + WAIT_LIMIT_MS;
      for (;;) {
        const rows = await sql<Row>(statement);
        if (isThere(rows) || Date.now() > deadline) return rows;
        await sleep(POLL_MS);
      }
    },
    async stop() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
