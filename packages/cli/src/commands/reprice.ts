import Table from "cli-table3";
import { type Command, Option } from "commander";
import { callServer } from "../call-server.ts";
import { type Environment, loadClientConfig } from "../client-config.ts";
import { toLabel } from "../to-label.ts";

interface RepriceFlags {
  readonly since?: string;
  readonly from?: string;
  readonly to?: string;
  readonly tenant?: string;
  readonly model?: string;
  readonly apply?: boolean;
  readonly format: "table" | "json";
  readonly url?: string;
}

interface RepriceAnswer {
  readonly applied: boolean;
  readonly tenants: readonly { tenant: string; calls: number; changed: number; before: string; after: string }[];
}

/** `spancost reprice`: what today's knowledge of past prices changes, by tenant; written only with --apply. */
export function addRepriceCommand(program: Command, environment: Environment): void {
  program
    .command("reprice")
    .description("price stored calls again at their own time's prices; tells what would change, unless --apply")
    .option("--since <duration>", "such as 24h, 30d, 4w (default: 30d)")
    .option("--from <time>", "first moment, UTC")
    .option("--to <time>", "moment after the last, UTC")
    .option("--tenant <id>", "only this tenant")
    .option("--model <name>", "only this model")
    .option("--apply", "write new versions; needs the admin token in SPANCOST_ADMIN_TOKEN")
    .addOption(new Option("--format <format>", "output").choices(["table", "json"]).default("table"))
    .option("--url <url>", "server to ask (default: SPANCOST_URL, or http://127.0.0.1:4400)")
    .action(async ({ format, url, ...request }: RepriceFlags) => {
      const config = loadClientConfig(environment, url === undefined ? {} : { url });
      const token = environment.SPANCOST_ADMIN_TOKEN ?? config.token;
      const headers = { "Content-Type": "application/json" };
      const init = { method: "POST", headers, body: JSON.stringify(request), isLong: true } as const;
      const response = await callServer({ ...config, token }, "/api/v1/reprice", init);
      const answer = (await response.json()) as RepriceAnswer;
      console.log(format === "json" ? JSON.stringify(answer, null, 2) : render(answer));
    });
}

function render({ applied, tenants }: RepriceAnswer): string {
  const table = new Table({
    head: ["tenant", "calls", "changed", "before (USD)", "after (USD)"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const { tenant, calls, changed, before, after } of tenants)
    table.push([toLabel(tenant), calls, changed, before, after]);
  const changed = tenants.reduce((sum, tenant) => sum + tenant.changed, 0);
  const verdict = applied
    ? `${changed} calls have new versions.`
    : `${changed} calls would change; nothing was written. Use --apply to write.`;
  return `${table.toString()}\n${verdict}`;
}
