// The process that owns the data folder: the embedded ClickHouse behind ClickHouse's HTTP interface on a unix socket.
// Started by `startEmbeddedEngine`, which it must not outlive.
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createQueryServer } from "../http-interface/serve-queries.ts";
import { runQuery } from "./run-query.ts";
import { SessionPool } from "./session-pool.ts";

const [dataDir = "", socketPath = "", sessions = "4"] = process.argv.slice(2);

const scratchDir = join(dataDir, "scratch");
rmSync(scratchDir, { recursive: true, force: true });
mkdirSync(scratchDir, { recursive: true });
const pool = new SessionPool(join(dataDir, "clickhouse"), Number(sessions));
const server = createQueryServer((query) => runQuery(pool, scratchDir, query));
server.keepAliveTimeout = 60_000;
server.listen(socketPath, () => process.send?.("ready"));

// The parent ends us by closing the channel, also when it is killed itself.
process.on("disconnect", stop);
// A Ctrl-C in the terminal reaches us too; the parent decides when we go.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

function stop(): void {
  server.close();
  server.closeAllConnections();
  pool.close();
  // A parent that was killed cannot clean up.
  rmSync(dirname(socketPath), { recursive: true, force: true });
  process.exit(0);
}
