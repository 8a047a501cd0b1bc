import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { callServer } from "../call-server.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { type Environment, loadClientConfig } from "../client-config.ts";

/** `spancost sql`: one SELECT on the public views of the running server. */
export function addSqlCommand(program: Command, environment: Environment): void {
  program
    .command("sql")
    .description("run one SELECT on the running server's public views (calls, spend, otel_traces)")
    .argument("<query>", "the statement, or - to read it from standard input")
    .option("--format <name>", "a ClickHouse format: PrettyCompact, JSONEachRow, CSV, ...", "PrettyCompact")
    .option("--url <url>", "server to ask (default: SPANCOST_URL, or http://127.0.0.1:4400)")
    .action(async (query: string, flags: { readonly format: string; readonly url?: string }) => {
      const sql = query === "-" ? await text(process.stdin) : query;
      if (!/^\w+$/.test(flags.format))
        throw new CliError(
          `--format must be the name of a ClickHouse format, it is ${JSON.stringify(flags.format)}.`,
          EXIT_CODE.usage,
        );
      const path = `/api/v1/sql?format=${flags.format}`;
      const response = await callServer(loadClientConfig(environment, flags), path, { method: "POST", body: sql });
      for await (const chunk of response.body ?? []) process.stdout.write(chunk as Uint8Array);
    });
}
