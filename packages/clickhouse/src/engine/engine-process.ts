// The process that owns the data folder: the embedded ClickHouse behind ClickHouse's HTTP interface on a unix socket.
// Started by `startEmbeddedEngine`, which it must not outlive.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createQueryServer } from "../http-interface/serve-queries.ts";
import { type EngineProcessConfig, HEARTBEAT_HEADER } from "./engine-process-config.ts";
import { toSessionArguments } from "./engine-settings.ts";
import { QueryRunner } from "./run-query.ts";
import { SessionPool } from "./session-pool.ts";
import { removeSocketDir } from "./socket-dir.ts";

const KEEP_ALIVE_MS = 60_000;
/** Statements of maintenance hold lists of thousands of calls. */
const MAX_SQL_BYTES = 67_108_864;

const config = JSON.parse(process.argv[2] ?? "{}") as EngineProcessConfig;
const { dataDir, socketPath, memory } = config;

const scratchDir = join(dataDir, "scratch");
rmSync(scratchDir, { recursive: true, force: true });
mkdirSync(scratchDir, { recursive: true });
const open = (size: number) => new SessionPool(join(dataDir, "clickhouse"), size, toSessionArguments(memory));
const queries = open(config.sessions);
const heartbeats = open(1);
const runner = new QueryRunner(queries, scratchDir, heartbeats);
const heart = new QueryRunner(heartbeats, scratchDir, heartbeats);
const server = createQueryServer(
  (query, request, signal) => (request.headers[HEARTBEAT_HEADER] === undefined ? runner : heart).run(query, signal),
  MAX_SQL_BYTES,
);
server.keepAliveTimeout = KEEP_ALIVE_MS;
// The socket of an engine that was killed is still there.
rmSync(socketPath, { force: true });
server.listen(socketPath, () => process.send?.("ready"));

// The parent ends us by closing the channel, also when it is killed itself.
process.on("disconnect", stop);
// A Ctrl-C in the terminal reaches us too; the parent decides when we go.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

function stop(): void {
  server.close();
  server.closeAllConnections();
  // A parent that was killed cannot clean up.
  removeSocketDir(socketPath);
  rmSync(scratchDir, { recursive: true, force: true });
  // A query under way cannot be waited for, and an orderly exit beneath it can hang. What was acknowledged is on disk.
  if (queries.isBusy || heartbeats.isBusy) process.kill(process.pid, "SIGKILL");
  queries.close();
  heartbeats.close();
  process.exit(0);
}
