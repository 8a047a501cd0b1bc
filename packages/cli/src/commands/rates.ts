import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  checkRates,
  getDefaultCatalog,
  getDefaultPricer,
  type PriceListName,
  type RateFinding,
  type RatesReport,
} from "@spancost/rates";
import Table from "cli-table3";
import type { Command } from "commander";
import { CliError, EXIT_CODE } from "../cli-error.ts";

/** Files of public price lists, by the list that each holds. */
const LIST_FILES: Readonly<Record<PriceListName, string>> = {
  litellm: "litellm.json",
  portkey: "portkey.json",
  "models.dev": "models-dev.json",
  langfuse: "langfuse.json",
  simonw: "simonw-llm-prices.json",
};

/** `spancost rates`: what the catalogue knows, and how it compares with public price lists. */
export function addRatesCommand(program: Command): void {
  const rates = program.command("rates").description("look at the catalogue of prices");
  rates
    .command("list")
    .description("every model that has a price, a line each: provider and model")
    .action(() => {
      for (const [provider, { models }] of getDefaultCatalog().providers) {
        for (const model of models.values()) console.log(`${provider}\t${model.id}`);
      }
    });
  rates
    .command("show")
    .description("what a model's name means, and its prices at a moment")
    .argument("<model>")
    .option("--provider <name>", "provider", "")
    .option("--timestamp <time>", "moment (default: now)")
    .action((model: string, flags: { readonly provider: string; readonly timestamp?: string }) =>
      showRate(model, flags),
    );
  rates
    .command("check")
    .description("compare the catalogue with public price lists")
    .requiredOption(
      "--lists <dir>",
      `folder with ${Object.values(LIST_FILES).join(", ")}; those that are there are used`,
    )
    .option(
      "--dated <list=date...>",
      "the day a list was taken, such as litellm=2026-07-24; prices of that day are compared (default: today)",
    )
    .option("--all", "name every model that does not resolve, agree, or on which lists disagree")
    .action(
      ({ lists, dated = [], all }: { readonly lists: string; readonly dated?: string[]; readonly all?: boolean }) => {
        console.log(renderReport(checkRates(readLists(lists, readDates(dated))), all === true));
      },
    );
}

function showRate(
  model: string,
  { provider, timestamp }: { readonly provider: string; readonly timestamp?: string },
): void {
  const timeUnixMs = timestamp === undefined ? Date.now() : Date.parse(timestamp);
  if (Number.isNaN(timeUnixMs))
    throw new CliError(`--timestamp must be a date or time, it is ${JSON.stringify(timestamp)}.`, EXIT_CODE.usage);
  const resolution = getDefaultPricer().resolve({ provider, model, timeUnixMs });
  if (!resolution.ok) {
    const hint = resolution.nearest.length === 0 ? "" : ` Nearest known: ${resolution.nearest.join(", ")}.`;
    throw new CliError(`${JSON.stringify(model)} has no price: ${resolution.reason}.${hint}`);
  }
  console.log(
    JSON.stringify(resolution.rate, (_, value: unknown) => (typeof value === "bigint" ? `${value}e-18` : value), 2),
  );
}

function readDates(dated: readonly string[]): Map<string, number> {
  return new Map(
    dated.map((text) => {
      const [name = "", date = ""] = text.split("=");
      const timeUnixMs = Date.parse(date);
      if (!Object.hasOwn(LIST_FILES, name) || Number.isNaN(timeUnixMs)) {
        const names = Object.keys(LIST_FILES).join(", ");
        throw new CliError(
          `--dated takes <list>=<date>, with a list of ${names}; it is ${JSON.stringify(text)}.`,
          EXIT_CODE.usage,
        );
      }
      return [name, timeUnixMs] as const;
    }),
  );
}

function readLists(dir: string, dates: ReadonlyMap<string, number>) {
  const found = Object.entries(LIST_FILES).flatMap(([name, file]) => {
    try {
      return [
        {
          name: name as PriceListName,
          content: JSON.parse(readFileSync(join(dir, file), "utf8")) as unknown,
          timeUnixMs: dates.get(name) ?? Date.now(),
        },
      ];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw new CliError(
        `${join(dir, file)} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  });
  if (found.length === 0)
    throw new CliError(`There is no price list in ${dir}; expected ${Object.values(LIST_FILES).join(", ")}.`);
  return found;
}

function renderReport(report: RatesReport, all: boolean): string {
  const table = new Table({
    head: ["provider", "listed", "resolved", "compared", "agreed"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const { provider, listed, resolved, compared, agreed } of report.byProvider)
    table.push([provider, listed, resolved, compared, agreed]);
  const { listed, resolved, compared, agreed } = report.total;
  table.push(["total", listed, resolved, compared, agreed]);
  const shares = `${percent(resolved, listed)} of listed models resolve; ${percent(agreed, compared)} of those on which two lists agree are priced as they say.`;
  const parts: [title: string, findings: readonly RateFinding[]][] = [
    ["Not resolved", report.unresolved],
    ["Priced otherwise", report.disagreeing],
    ["Disputed between lists", report.disputed],
  ];
  return [table.toString(), shares, ...parts.map(([title, findings]) => renderFindings(title, findings, all))].join(
    "\n",
  );
}

function renderFindings(title: string, findings: readonly RateFinding[], all: boolean): string {
  const SHOWN = 20;
  const lines = (all ? findings : findings.slice(0, SHOWN)).map(
    ({ provider, model, reason }) => `  ${provider} ${model}: ${reason}`,
  );
  const rest = findings.length - lines.length;
  return [`${title}: ${findings.length}`, ...lines, ...(rest > 0 ? [`  ... and ${rest} more (--all)`] : [])].join("\n");
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "none" : `${((part / whole) * 100).toFixed(2)} %`;
}
