import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerFlags } from "@spancost/server";
import { applyChange, readMetric } from "./api.ts";
import { checkAbsent, checkRows, checkSums } from "./check.ts";
import { createPhantoms, createScratch, createTraffic, hasScratch } from "./create-traffic.ts";
import { disturb, end, type Ending } from "./disturbances.ts";
import { Exporter } from "./exporter.ts";
import { queryHours } from "./ledger.ts";
import { HOUSE, housePrice } from "./prices.ts";
import { Random } from "./random.ts";
import { Readers } from "./readers.ts";
import { type Sabotage, sabotage } from "./sabotage.ts";
import { ServerProcess } from "./server-process.ts";
import type { Tally } from "./tally.ts";
import { Truth } from "./truth.ts";

/** What a run of torture is. */
export interface TortureOptions {
  readonly folder: string;
  readonly seed: number;
  /** Happenings a round; each is one to three spans. */
  readonly size: number;
  readonly tally: Tally;
  /** Told of each step. */
  readonly log: (message: string) => void;
}

const SENDING_MS = 1_300;
const DRAIN_TIMEOUT_MS = 120_000;
/** Far more than it takes: on a machine that does much else, nothing may be called wrong that is only slow. */
const SETTLE_TIMEOUT_MS = 180_000;
const AFTER_SABOTAGE_MS = 500;
const POLL_MS = 25;
const STARTS_A_PRICE = 5;
/** Between two checks what is left of one round meets the end of the next. */
const ROUNDS_A_CHECK = 3;
const MAX_PAUSE_MS = 60;
const PHANTOMS = 12;
const GRACE_MS = "250";
/** What a bound of the spool is that is reached, and one that is not. */
const SPOOL_BYTES = { small: 1_500_000, large: 256_000_000 };
const MAX_BODY_BYTES = 1_048_576;
const ENDINGS: readonly [Ending, ...Ending[]] = [
  "server killed",
  "server killed",
  "server killed",
  "both killed",
  "both killed",
  "engine killed",
  "engine killed",
  "stopped",
];

/** Rounds of sending, disturbing, ending and checking, on one folder. */
export class Torture {
  readonly #options: TortureOptions;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #truth = new Truth();
  readonly #exporter: Exporter;
  readonly #readers: Readers;
  #server: ServerProcess | undefined;
  #starts = 0;
  #repriced = 0;
  #unchecked: number[] = [];

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#tally = options.tally;
    this.#exporter = new Exporter(new Random(options.seed + 1), options.tally);
    this.#readers = new Readers(this.#truth, options.tally);
    mkdirSync(options.folder, { recursive: true });
  }

  async round(round: number): Promise<void> {
    const tally = this.#tally;
    const server = await this.#running();
    this.#prepare(round);
    this.#readers.target = server;
    this.#exporter.target = server.urls;
    const disturbed = disturb(server, this.#random, tally, { round, withinMs: SENDING_MS });
    await sleep(this.#random.int(50, SENDING_MS));
    const ending = this.#random.pick(ENDINGS);
    this.#log(`round ${round}: ${ending}`);
    await this.#end(server, ending);
    this.#log("ended");
    await disturbed;
    const next = await this.#running();
    this.#log("running");
    next.setDisk("none");
    await this.#drain(next);
    this.#unchecked.push(round);
    if (round % ROUNDS_A_CHECK === 0) await this.#check(next);
    tally.count("rounds");
  }

  /** Every round's rows, at the end. */
  async checkAll(): Promise<void> {
    const server = await this.#running();
    const { store } = server;
    if (this.#unchecked.length > 0) await this.#check(server);
    for (const round of this.#truth.rounds.keys()) await checkRows(store, round, this.#expectation);
  }

  /** Breaks what is stored. @returns whether the checks found it */
  async sabotage(kind: Sabotage): Promise<boolean> {
    const { store } = await this.#running();
    const { violations } = this.#tally;
    const before = new Set(violations);
    await sabotage(store, kind);
    await checkSums(store, this.#expectation, AFTER_SABOTAGE_MS);
    await this.checkAll();
    // What an earlier one broke is found again; the readers are not what is tried here.
    return violations.some((each) => !before.has(each) && !each.startsWith("wrong reads"));
  }

  /** How many hours of tenants are sealed, and how many are not. */
  async countHours(): Promise<{ pending: number; sealed: number }> {
    const { store } = await this.#running();
    return queryHours(store);
  }

  /** Ends the server and everything else. */
  async close(): Promise<void> {
    this.#readers.target = null;
    this.#exporter.target = null;
    await Promise.all([this.#readers.close(), this.#exporter.close()]);
    await this.#server?.stop();
    this.#server = undefined;
  }

  get #expectation() {
    return { truth: this.#truth, tally: this.#tally, house: this.#house };
  }

  /** The operator's model has another price after some of the starts. */
  get #house(): number {
    return Math.floor(this.#starts / STARTS_A_PRICE);
  }

  #prepare(round: number): void {
    const random = this.#random;
    const { size } = this.#options;
    const now = Date.now();
    const traffic = createTraffic(random, round, size, now);
    const scratch = createScratch(random, round, size, now);
    this.#truth.add(round, traffic);
    this.#truth.addErased(scratch);
    const spans = random.shuffle([...traffic, ...scratch]).flatMap((each) => each.spans);
    this.#exporter.phantoms = createPhantoms(random, round, PHANTOMS, now).flatMap((each) => each.spans);
    // In half of the rounds what belongs together comes together.
    this.#exporter.add(random.chance(0.5) ? random.shuffle(spans) : spans);
    this.#tally.count("spans made", spans.length);
  }

  async #end(server: ServerProcess, ending: Ending): Promise<void> {
    const isLeft = ending !== "engine killed";
    if (isLeft && ending !== "stopped") {
      // Senders and readers meet the end unprepared; they must not go on against the next one's ports.
      const ended = end(server, ending, this.#tally);
      this.#exporter.target = null;
      this.#readers.target = null;
      await ended;
    } else await end(server, ending, this.#tally);
    if (!isLeft) return;
    this.#exporter.target = null;
    this.#readers.target = null;
    this.#server = undefined;
  }

  /** Senders go on until everything is acknowledged. */
  async #drain(server: ServerProcess): Promise<void> {
    const tally = this.#tally;
    this.#readers.target = server;
    this.#exporter.target = server.urls;
    this.#exporter.maxPauseMs = 0;
    if (!(await this.#exporter.drain(DRAIN_TIMEOUT_MS, () => server.hasCrashed)))
      tally.violate("hung", `${this.#exporter.waiting} spans are not acknowledged`);
    this.#exporter.maxPauseMs = MAX_PAUSE_MS;
    this.#log("acknowledged");
  }

  /** Everything is inserted, repriced and erased; then it is held against the truth. */
  async #check(server: ServerProcess): Promise<void> {
    const tally = this.#tally;
    await this.#until("the spool was not empty", async () => (await readMetric(server, "spancost_spool_rows")) === 0);
    this.#log("inserted");
    if (this.#repriced !== this.#house)
      await this.#until("repricing failed", () => applyChange(server, "reprice", { model: HOUSE.model }));
    this.#repriced = this.#house;
    this.#log("repriced");
    for (const round of this.#unchecked.filter(hasScratch))
      await this.#until("erasing failed", () => applyChange(server, "erase", { tenant: `scratch-${round}` }));
    this.#log("erased");
    const started = performance.now();
    await checkSums(server.store, this.#expectation, SETTLE_TIMEOUT_MS);
    tally.time("settled and sealed", performance.now() - started);
    this.#log("settled and sealed");
    for (const round of this.#unchecked) await checkRows(server.store, round, this.#expectation);
    this.#unchecked = [];
    await checkAbsent(server.store, tally);
    if ((await readMetric(server, "spancost_spool_refused_segments")) !== 0)
      tally.violate("set aside", "the spool set segments aside");
    tally.count("checks");
  }

  #log(message: string): void {
    this.#options.log(`${(performance.now() / 1_000).toFixed(2)} ${message}`);
  }

  async #until(failure: string, isDone: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + DRAIN_TIMEOUT_MS;
    while (!(await isDone().catch(() => false))) {
      if (performance.now() > deadline || this.#server?.hasCrashed === true)
        return this.#tally.violate("hung", failure);
      await sleep(POLL_MS);
    }
  }

  async #running(): Promise<ServerProcess> {
    if (this.#server !== undefined) return this.#server;
    this.#starts += 1;
    const { folder } = this.#options;
    const rates = join(folder, "rates.json");
    const { input, output } = housePrice(this.#house);
    const prices = { input: String(input), output: String(output) };
    writeFileSync(rates, JSON.stringify({ mappings: [{ ...HOUSE, prices }] }));
    const random = this.#random;
    const flags: ServerFlags = {
      rates,
      sealGraceMs: GRACE_MS,
      maxBodyBytes: String(MAX_BODY_BYTES),
      spoolMaxBytes: String(random.chance(0.3) ? SPOOL_BYTES.small : SPOOL_BYTES.large),
    };
    const clockOffsetMs = random.chance(0.3) ? random.int(-20, 20) * 3_600_000 : 0;
    const onCrash = (how: string): void => this.#tally.violate("crashed", how);
    this.#server = await ServerProcess.start({ folder, flags, clockOffsetMs, times: "quick", onCrash });
    this.#tally.time("start", this.#server.startMs);
    return this.#server;
  }
}
