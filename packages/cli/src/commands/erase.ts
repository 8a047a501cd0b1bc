import { type Command, Option } from "commander";
import { callServer } from "../call-server.ts";
import { CliError } from "../cli-error.ts";
import { type Environment, loadClientConfig } from "../client-config.ts";

interface EraseFlags {
  readonly user?: string;
  readonly tenant?: string;
  readonly apply?: boolean;
  readonly format: "text" | "json";
  readonly url?: string;
}

interface EraseAnswer {
  readonly applied: boolean;
  readonly rows: { readonly calls: number; readonly history: number; readonly rollUp: number; readonly spans: number };
}

/** `spancost erase`: a tenant with all its rows, or a user's identity; written only with --apply. */
export function addEraseCommand(program: Command, environment: Environment): void {
  program
    .command("erase")
    .description("erase a tenant, or who a user is, from all tables; tells what would go, unless --apply")
    .option("--user <id>", "this user: the calls stay, as nobody's, and so does the tenant's spend")
    .option("--tenant <id>", "this tenant, with all its calls and spans")
    .option("--apply", "erase for good; needs the admin token in SPANCOST_ADMIN_TOKEN")
    .addOption(new Option("--format <format>", "output").choices(["text", "json"]).default("text"))
    .option("--url <url>", "server to ask (default: SPANCOST_URL, or http://127.0.0.1:4400)")
    .action(async ({ format, url, ...request }: EraseFlags) => {
      if ((request.user === undefined) === (request.tenant === undefined))
        throw new CliError("Name whom to erase: --user <id> or --tenant <id>, one of them.");
      const config = loadClientConfig(environment, url === undefined ? {} : { url });
      const token = environment.SPANCOST_ADMIN_TOKEN ?? config.token;
      const headers = { "Content-Type": "application/json" };
      const init = { method: "POST", headers, body: JSON.stringify(request), isLong: true } as const;
      const response = await callServer({ ...config, token }, "/api/v1/erase", init);
      const answer = (await response.json()) as EraseAnswer;
      console.log(format === "json" ? JSON.stringify(answer, null, 2) : render(answer));
    });
}

function render({ applied, rows: { calls, history, rollUp, spans } }: EraseAnswer): string {
  const rows = `${calls} rows of calls, ${history} of their history, ${rollUp} of the roll-up and ${spans} spans`;
  return applied
    ? `Erased from ${rows}. What arrives from now on is new data.`
    : `Would be erased from ${rows}; nothing was written. Use --apply to write.`;
}
