import { mkdirSync } from "node:fs";
import {
  createStore,
  type EmbeddedEngine,
  type EngineEvent,
  lockFolder,
  migrate,
  startEmbeddedEngine,
  type Store,
  unlockFolder,
} from "@spancost/clickhouse";
import type { Logger } from "@spancost/collector";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerConfig } from "./config/load-config.ts";
import type { ServerSeams } from "./server-seams.ts";

/** The database that the server writes to. */
export interface Database {
  readonly store: Store;
  /** `null` where the database is a server of its own. */
  readonly engine: EmbeddedEngine | null;
  /** Resolves when its schema is this release's: `true`, or `false` when it was stopped before. */
  readonly migrated: Promise<boolean>;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Wait for another process that has the folder and is just stopping. */
const FOLDER_WAIT_MS = 5_000;
const MIGRATION_RETRY_MS = 2_000;

/**
 * Starts the embedded database, or connects to a server, which may be away for now: spans are received meanwhile.
 * @throws StoreError
 */
export async function startDatabase(
  config: ServerConfig,
  logger: Logger,
  { engineTimes }: ServerSeams,
): Promise<Database> {
  if (config.clickhouseUrl !== undefined) return connect(config.data, config.clickhouseUrl, logger);
  const engine = await startEmbeddedEngine({
    dataDir: config.data,
    onEvent: (event) => logEvent(logger, event),
    ...(engineTimes && { times: engineTimes }),
  });
  const store = createStore({ socketPath: engine.socketPath });
  const stop = once(async () => {
    await store.close();
    await engine.stop();
  });
  try {
    await migrate(store.client);
    return { store, engine, migrated: Promise.resolve(true), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The folder holds the spool only; it must be this process's alone, as the embedded database's. */
async function connect(dataDir: string, url: string, logger: Logger): Promise<Database> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  await lockFolder(dataDir, FOLDER_WAIT_MS);
  const store = createStore({ url });
  const stopping = new AbortController();
  const migrated = migrateWhenReady(store, logger, stopping.signal);
  const stop = once(async () => {
    stopping.abort();
    await store.close();
    await migrated;
    unlockFolder(dataDir);
  });
  return { store, engine: null, migrated, stop };
}

async function migrateWhenReady(store: Store, logger: Logger, signal: AbortSignal): Promise<boolean> {
  let told = "";
  while (!signal.aborted) {
    try {
      await migrate(store.client);
      if (told !== "") logger.info({}, "the database is there");
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== told && !signal.aborted)
        logger.error({ error: message }, "the database cannot be used yet; spans are received and kept in the spool");
      told = message;
    }
    await sleep(MIGRATION_RETRY_MS, undefined, { signal }).catch(() => {});
  }
  return false;
}

function logEvent(logger: Logger, event: EngineEvent): void {
  const { type, ...fields } = event;
  if (type === "died") logger.error(fields, "the embedded database ended and is started again");
  else if (type === "restarted") logger.info(fields, "the embedded database runs again");
  else logger.error({ ...fields, error: event.error.message }, "the embedded database cannot be started; tried again");
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
