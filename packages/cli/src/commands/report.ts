import Table from "cli-table3";
import { type Command, Option } from "commander";
import { callServer } from "../call-server.ts";
import { type Environment, loadClientConfig } from "../client-config.ts";
import { toLabel } from "../to-label.ts";

interface ReportFlags {
  readonly by: string;
  readonly since?: string;
  readonly from?: string;
  readonly to?: string;
  readonly tenant?: string;
  readonly format: "table" | "json" | "csv";
  readonly url?: string;
}

interface Report {
  readonly by: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly rows: readonly Readonly<Record<string, string>>[];
  readonly total: Readonly<Record<string, string>>;
}

const FIGURES = [
  "calls",
  "errors",
  "unpriced_calls",
  "unknown_calls",
  "lower_bound_calls",
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "output_tokens",
  "list_cost",
  "cost",
] as const;
/** Columns of the table: the others are said below it where they are not zero. */
const TABLE_FIGURES = [
  "calls",
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "output_tokens",
  "cost",
] as const;
const HEADINGS: Readonly<Record<string, string>> = {
  input_tokens: "input",
  cache_read_tokens: "cache read",
  cache_write_tokens: "cache write",
  output_tokens: "output",
  cost: "cost (USD)",
};

/** `spancost report`: spend, grouped, from the running server. */
export function addReportCommand(program: Command, environment: Environment): void {
  program
    .command("report")
    .description("show spend from the running server")
    .option(
      "--by <dimensions>",
      "tenant, user, feature, model, provider, task, session, day, hour, label:<name>",
      "tenant",
    )
    .option("--since <duration>", "such as 24h, 30d, 4w (default: 30d)")
    .option("--from <time>", "first moment, UTC")
    .option("--to <time>", "moment after the last, UTC")
    .option("--tenant <id>", "only this tenant")
    .addOption(new Option("--format <format>", "output").choices(["table", "json", "csv"]).default("table"))
    .option("--url <url>", "server to ask (default: SPANCOST_URL, or http://127.0.0.1:4400)")
    .action(async (flags: ReportFlags) => {
      const response = await callServer(loadClientConfig(environment, flags), `/api/v1/spend?${toQuery(flags)}`);
      console.log(render((await response.json()) as Report, flags.format));
    });
}

function toQuery(flags: ReportFlags): string {
  const query = new URLSearchParams({ by: flags.by });
  for (const name of ["since", "from", "to", "tenant"] as const)
    if (flags[name] !== undefined) query.set(name, flags[name]);
  return query.toString();
}

function render(report: Report, format: ReportFlags["format"]): string {
  if (format === "json") return JSON.stringify(report, null, 2);
  return format === "csv" ? renderCsv(report) : renderTable(report);
}

function renderCsv({ by, rows }: Report): string {
  const names = [...by, ...FIGURES];
  return [names, ...rows.map((row) => names.map((name) => row[name] ?? ""))]
    .map((line) => line.map(quoteCsv).join(","))
    .join("\r\n");
}

/** A value that a spreadsheet would take for a formula is marked as text. */
function quoteCsv(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) && !/^-?[\d.]+$/.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function renderTable({ by, from, to, rows, total }: Report): string {
  const table = new Table({
    head: [...by, ...TABLE_FIGURES.map((name) => HEADINGS[name] ?? name)],
    colAligns: [...by.map(() => "left" as const), ...TABLE_FIGURES.map(() => "right" as const)],
    style: { head: [], border: [] },
  });
  for (const row of rows)
    table.push([...by.map((name) => toLabel(row[name])), ...TABLE_FIGURES.map((name) => row[name] ?? "")]);
  const totalLabels = by.map((_, index) => (index === 0 ? "total" : ""));
  table.push([...totalLabels, ...TABLE_FIGURES.map((name) => total[name] ?? "")]);
  return [`Spend from ${from} until ${to}, in USD`, table.toString(), ...describeGaps(total)].join("\n");
}

/** What the sums do not contain is said, never left out. */
function describeGaps(total: Report["total"]): string[] {
  const gaps: [name: string, text: string][] = [
    ["unpriced_calls", "calls have no price and are not in the sums (see cost_status and cost_reason in calls)"],
    ["unknown_calls", "calls did not report their usage; what they cost is unknown and not in the sums"],
    ["lower_bound_calls", "calls come from producers that leave cached tokens out; they may have cost more"],
  ];
  return gaps.filter(([name]) => (total[name] ?? "0") !== "0").map(([name, text]) => `${total[name]} ${text}.`);
}
