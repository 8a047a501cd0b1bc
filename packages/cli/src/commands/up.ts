import { keepHeapSmall, loadConfig, type ServerFlags, startServer } from "@spancost/server";
import type { Command } from "commander";

/** `spancost up`: the whole server in one process, until a signal. */
export function addUpCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("up")
    .description("run the server: OTLP receiver, embedded ClickHouse, API and SQL")
    .option("--data <dir>", "folder of the embedded database (default: spancost-data)")
    .option("--host <address>", "address to listen on; beyond loopback a token is needed (default: 127.0.0.1)")
    .option("--port <port>", "port of the API; 0 is any free one (default: 4400)")
    .option("--otlp-http-port <port>", "port of the OTLP/HTTP receiver (default: 4318)")
    .option("--otlp-grpc-port <port>", "port of the OTLP/gRPC receiver (default: 4317)")
    .option("--sql-port <port>", "port of the read-only SQL endpoint (default: 8123)")
    .option("--clickhouse-url <url>", "use this ClickHouse server instead of the embedded database")
    .action((flags: ServerFlags) => runUntilSignal(environment, flags));
}

async function runUntilSignal(environment: NodeJS.ProcessEnv, flags: ServerFlags): Promise<void> {
  keepHeapSmall();
  const server = await startServer(loadConfig(environment, flags));
  for (const [name, url] of Object.entries(server.urls)) console.log(`spancost: ${name} ${url}`);
  console.log("spancost: ready");
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
    // A program that started us over a channel, as the demo does, and is killed, must not leave us behind.
    process.once("disconnect", () => resolve());
  });
  await server.stop();
}
