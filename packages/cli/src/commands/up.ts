import { loadConfig, type ServerFlags, startServer } from "@spancost/server";
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
    .option(
      "--otlp-grpc-port <port>",
      "port of the OTLP/gRPC receiver, which does not exist yet; taken so that scripts need no change",
    )
    .option("--sql-port <port>", "port of the read-only SQL endpoint (default: 8123)")
    .option("--clickhouse-url <url>", "use this ClickHouse server instead of the embedded database")
    .action(async ({ otlpGrpcPort, ...flags }: ServerFlags & { readonly otlpGrpcPort?: string }) => {
      if (otlpGrpcPort !== undefined) console.error("spancost: OTLP/gRPC is not served yet; send OTLP/HTTP.");
      await runUntilSignal(environment, flags);
    });
}

async function runUntilSignal(environment: NodeJS.ProcessEnv, flags: ServerFlags): Promise<void> {
  const server = await startServer(loadConfig(environment, flags));
  const { api, otlp, sql } = server.urls;
  console.log(`spancost: api ${api}\nspancost: otlp ${otlp}\nspancost: sql ${sql}\nspancost: ready`);
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
    // A program that started us over a channel, as the demo does, and is killed, must not leave us behind.
    process.once("disconnect", () => resolve());
  });
  try {
    await Promise.race([signalled, server.failed]);
  } finally {
    await server.stop();
  }
}
