// Rounds of breaking the server while it receives, and of looking whether every acknowledged span is there once.
// Usage: npm run torture [-- --rounds 300 --seed N --size N --sabotage lose,double,misprice,lose-span,misprice-spend --folder DIR --verbose]
import { rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Sabotage, SABOTAGES } from "./sabotage.ts";
import { Tally } from "./tally.ts";
import { Torture } from "./torture.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "300" },
    seed: { type: "string" },
    size: { type: "string", default: "400" },
    sabotage: { type: "string", default: "" },
    folder: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});
const PROGRESS_EVERY = 10;
const MAX_TOLD = 40;

const sabotages = readSabotages(values.sabotage);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const folder = values.folder ?? join(tmpdir(), `spancost-torture-${process.pid}`);
const tally = new Tally();
const log = (message: string): void => void (values.verbose && console.log(message));
const torture = new Torture({ folder, seed, size: Number(values.size), tally, log });
const startedMs = performance.now();
let hours = "";
const stopping = new AbortController();
// The round under way is finished, and what there is is checked and told.
process.once("SIGINT", () => stopping.abort());

console.log(`torture: ${values.rounds} rounds, seed ${seed}, folder ${folder}`);
try {
  for (
    let round = 1;
    round <= Number(values.rounds) && tally.violations.length === 0 && !stopping.signal.aborted;
    round += 1
  ) {
    await torture.round(round);
    if (round % PROGRESS_EVERY === 0) console.log(describeProgress(round));
  }
  await torture.checkAll();
  const { pending, sealed } = await torture.countHours();
  hours = `${sealed} sealed, ${pending} pending`;
  if (sealed === 0) tally.violate("unsealed", "no hour was ever sealed");
  // A check that never fails says nothing: what is broken on purpose must be found.
  for (const kind of tally.violations.length === 0 ? sabotages : [])
    console.log(`sabotage ${kind}: ${(await torture.sabotage(kind)) ? "found" : "NOT FOUND"}`);
} catch (error) {
  tally.violate("broken", error instanceof Error ? (error.stack ?? error.message) : String(error));
}
await torture.close();
console.log(describe());
if (tally.violations.length === 0) rmSync(folder, { recursive: true, force: true });
else {
  console.log(`\n${tally.violations.slice(0, MAX_TOLD).join("\n")}\nThe data and the log stay in ${folder}.`);
  process.exitCode = 1;
}

function readSabotages(text: string): Sabotage[] {
  const all = Object.keys(SABOTAGES) as Sabotage[];
  const wanted = text === "" ? [] : text.split(",");
  const unknown = wanted.find((kind) => !all.some((known) => known === kind));
  if (unknown !== undefined) throw new Error(`--sabotage ${unknown}: there are ${all.join(", ")}`);
  return all.filter((kind) => wanted.includes(kind));
}

function describeProgress(round: number): string {
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  return `round ${round}: ${tally.get("spans acknowledged")} spans acknowledged, ${seconds} s, load ${formatLoad()}`;
}

function formatLoad(): string {
  return loadavg()
    .map((each) => each.toFixed(1))
    .join(" ");
}

function describe(): string {
  const sum = (...kinds: string[]) => kinds.reduce((all, kind) => all + tally.get(kind), 0);
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  return `
rounds         ${tally.get("rounds")} with ${tally.get("checks")} checks in ${seconds} s, seed ${seed}, load ${formatLoad()}
ended          ${tally.format("ended: ")}
disturbed      ${tally.format("disturbed: ")}
requests       ${tally.format("requests ")}
answers        ${tally.format("answers ")}
spans          ${tally.format("spans ")}
acknowledged   ${tally.formatTimes("acknowledgement")}
started        ${tally.formatTimes("start")}
then settled   ${tally.formatTimes("settled and sealed")}, sealed as well
hours          ${hours}
reads          ${tally.get("reads")}, ${tally.get("reads compared")} of them between two equal states, ${tally.get("reads failed")} while the database was away
lost           ${sum("lost calls", "lost spans")}
doubled        ${sum("doubled calls", "doubled spans")}
wrong          ${sum("wrong figures", "unsealed", "unreadable", "not gone", "set aside")}
wrong reads    ${tally.get("wrong reads")}
other          ${sum("answer", "hung", "crashed", "broken")}
violations     ${tally.violations.length}`;
}
