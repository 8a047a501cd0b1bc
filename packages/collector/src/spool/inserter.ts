import { setTimeout as sleep } from "node:timers/promises";
import type { BlockFiles, HourMarks, IngestTable } from "@spancost/clickhouse";
import type { Logger } from "../logger.ts";
import { type BackoffTimes, chooseBackoff, DEFAULT_BACKOFF } from "./backoff.ts";
import { HourHolds } from "./hour-holds.ts";
import { type LoadedSegment, planInserts } from "./insert-batch.ts";
import { type AttemptFailure, describeFailure } from "./insert-attempt.ts";
import type { Spool, SpooledSegment } from "./spool.ts";
import { SpoolError } from "./spool-error.ts";
import { takeSegments } from "./take-segments.ts";
import { WakeUp } from "./wake-up.ts";

/** Where segments go. */
export interface InsertTarget {
  /** Resolves when the rows are durable. */
  insertFiles(table: IngestTable, paths: BlockFiles): Promise<void>;
  /** Whether the database answers. */
  isReady(): Promise<boolean>;
}

/** Options of the inserter. */
export interface InserterOptions {
  readonly spool: Spool;
  readonly target: InsertTarget;
  readonly marks: Pick<HourMarks, "begin">;
  readonly logger: Logger;
  /** Least time from one insert's start to the next one's, in milliseconds: each is a part that has to be merged. @default 500 */
  readonly minIntervalMs?: number;
  /** @default 100 ms to 5 s */
  readonly backoff?: BackoffTimes;
}

/** Counts since the start, for metrics. */
export interface InserterCounters {
  insertedRows: number;
  insertedSegments: number;
  /** Attempts that failed, by reason. */
  readonly failures: Map<string, number>;
}

const MIN_INTERVAL_MS = 500;
/** Files of one insert: each costs the engine half a millisecond, more when there are thousands. */
const MAX_SEGMENTS = 256;
/** So much does not wait for more. */
const FULL_BYTES = 32 * 1024 * 1024;
const FLUSH_POLL_MS = 20;
/** An insert that is under way when the time to drain is over may end this much later. */
const LAST_INSERT_MS = 1_000;

/** Brings spooled segments into the database, in their order, for as long as that takes. */
export class Inserter {
  readonly counters: InserterCounters = { insertedRows: 0, insertedSegments: 0, failures: new Map() };
  readonly #options: InserterOptions;
  readonly #holds: HourHolds;
  /** Segments whose rows the database did not read, once. */
  readonly #suspects = new Set<string>();
  readonly #wakeUp = new WakeUp();
  /** Segments of the next attempt at the most. It is halved by a failure that may be one segment's fault, and grows with success. */
  #limit = MAX_SEGMENTS;
  #notBeforeMs = -Infinity;
  #retryAtMs = -Infinity;
  #failuresInARow = 0;
  #isDraining = false;
  #isStopped = false;
  #running: Promise<void> | undefined;

  constructor(options: InserterOptions) {
    this.#options = options;
    this.#holds = new HourHolds(options.marks);
    options.spool.onPublished = () => this.#wakeUp.now();
  }

  /** Begins to insert. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when all that is in the spool now is in the database: `true`, or `false` when that takes longer than `timeoutMs`. */
  async flush(timeoutMs: number): Promise<boolean> {
    const { spool } = this.#options;
    const wanted = new Set([...spool.waiting].map(({ summary }) => summary.sequence));
    const until = performance.now() + timeoutMs;
    this.#notBeforeMs = -Infinity;
    this.#wakeUp.now();
    while (spool.holdsAny(wanted)) {
      if (performance.now() >= until || this.#isStopped) return false;
      await sleep(FLUSH_POLL_MS);
    }
    return true;
  }

  /**
   * Inserts what waits, for at most `timeoutMs` and not beyond a failure, and ends; the rest stays in the spool. Without `start` it inserts
   * nothing. Idempotent.
   */
  async stop(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    this.#wakeUp.now();
    const end = setTimeout(() => this.#end(), timeoutMs);
    let giveUp: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      giveUp = setTimeout(resolve, timeoutMs + LAST_INSERT_MS);
    });
    await Promise.race([this.#running, late]);
    clearTimeout(end);
    clearTimeout(giveUp);
    this.#end();
  }

  #end(): void {
    this.#isStopped = true;
    this.#wakeUp.now();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const waitMs = this.#chooseWait();
      if (waitMs > 0) await this.#wakeUp.wait(waitMs);
      else if (this.#options.spool.waitingSegments === 0) return;
      else await this.#attempt().catch((error: unknown) => this.#putOff(error));
    }
  }

  /** What cannot even be set aside, or told apart, is tried again like everything else. */
  #putOff(error: unknown): void {
    const { backoff = DEFAULT_BACKOFF } = this.#options;
    this.#count("spool");
    this.#tell({ reason: "spool", error });
    this.#retryAtMs = performance.now() + chooseBackoff(this.#failuresInARow, backoff, Math.random());
    if (this.#isDraining) this.#end();
  }

  /** How long the next attempt has to wait; 0 is not at all. */
  #chooseWait(): number {
    const { spool } = this.#options;
    const now = performance.now();
    if (this.#retryAtMs > now) return this.#retryAtMs - now;
    if (this.#isDraining) return 0;
    if (spool.waitingSegments === 0) return Infinity;
    if (spool.usedBytes >= FULL_BYTES || spool.waitingSegments >= MAX_SEGMENTS) return 0;
    return Math.max(this.#notBeforeMs - now, 0);
  }

  async #attempt(): Promise<void> {
    const { spool, target, minIntervalMs = MIN_INTERVAL_MS } = this.#options;
    this.#notBeforeMs = performance.now() + minIntervalMs;
    let segments: readonly LoadedSegment[] = [];
    // After a failure it is worth knowing whether the next one is the database's fault or the segments'.
    const wasReady = this.#failuresInARow > 0 && (await target.isReady());
    try {
      const taken = await takeSegments(spool, this.#limit);
      if ("damaged" in taken) return await this.#refuse(taken.damaged, "damaged", taken.error);
      if ("unreadable" in taken) {
        // The others must not wait for it.
        spool.postpone(taken.unreadable);
        return this.#putOff(taken.error);
      }
      ({ segments } = taken);
      await this.#insert(segments);
      await spool.remove(segments);
    } catch (error) {
      return this.#handle(describeFailure(error, wasReady), segments);
    }
    this.#succeed(segments);
  }

  /** Resolves when all rows are in the database; waits for all inserts, so that none goes on behind a failure. */
  async #insert(segments: readonly LoadedSegment[]): Promise<void> {
    const { spool, target } = this.#options;
    const inserts = planInserts(spool.folder, segments);
    const insertInto = async (wanted: IngestTable): Promise<void> => {
      for (const { table, paths } of inserts) {
        if (table !== wanted) continue;
        // Each time: a mark must not be old when rows come, and with many weeks the last ones come late.
        if (table === "llm_calls") await this.#holds.mark(segments);
        await target.insertFiles(table, paths);
      }
    };
    const results = await Promise.allSettled([insertInto("llm_calls"), insertInto("otel_traces")]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  #succeed(segments: readonly LoadedSegment[]): void {
    this.#holds.release(segments);
    for (const { summary } of segments) this.#suspects.delete(summary.sequence);
    this.#limit = Math.min(this.#limit * 2, MAX_SEGMENTS);
    this.counters.insertedSegments += segments.length;
    this.counters.insertedRows += segments.reduce((sum, { summary }) => sum + summary.rows, 0);
    if (this.#failuresInARow > 0)
      this.#options.logger.info({ failedAttempts: this.#failuresInARow }, "spans are inserted again");
    this.#failuresInARow = 0;
  }

  async #handle(failure: AttemptFailure, segments: readonly LoadedSegment[]): Promise<void> {
    const { spool, backoff = DEFAULT_BACKOFF } = this.#options;
    spool.noteFailure(segments);
    const [first] = segments;
    const alone = segments.length === 1 && failure.mayBeOfRows ? first : undefined;
    const damage = alone === undefined ? null : await findDamage(spool, alone);
    if (alone !== undefined && damage !== null) return this.#refuse(alone, "damaged", damage);
    if (alone !== undefined && failure.isOfRows && this.#isSuspect(alone))
      return this.#refuse(alone, failure.reason, failure.error);
    this.#count(failure.reason);
    // Halving finds the segment, which is told when it is set aside.
    if (!failure.isOfRows) this.#tell(failure);
    if (alone !== undefined) spool.postpone(alone);
    if (failure.mayBeOfRows) this.#limit = Math.max(Math.ceil(segments.length / 2), 1);
    if (failure.isOfRows) this.#notBeforeMs = -Infinity;
    else this.#retryAtMs = performance.now() + chooseBackoff(this.#failuresInARow, backoff, Math.random());
    if (this.#isDraining && !failure.isOfRows) this.#end();
  }

  /** Whether it has failed by itself before: rows can be cut on their way to a server once. */
  #isSuspect({ summary }: LoadedSegment): boolean {
    const isSecond = this.#suspects.has(summary.sequence);
    this.#suspects.add(summary.sequence);
    return isSecond;
  }

  /** Logged once, not with each attempt. */
  #tell({ reason, error }: Pick<AttemptFailure, "reason" | "error">): void {
    this.#failuresInARow += 1;
    if (this.#failuresInARow > 1) return;
    const { spool, logger } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    const fields = { reason, error: message, waitingSegments: spool.waitingSegments, usedBytes: spool.usedBytes };
    logger.warn(fields, "spans cannot be inserted; they stay in the spool and are tried again");
  }

  async #refuse(segment: Pick<SpooledSegment, "summary">, reason: string, error: unknown): Promise<void> {
    const { spool, logger } = this.#options;
    const { sequence, rows } = segment.summary;
    this.#count(reason);
    await spool.refuse(segment);
    this.#suspects.delete(sequence);
    this.#holds.release([segment]);
    const message = error instanceof Error ? error.message : String(error);
    logger.error(
      { segment: sequence, rows, folder: spool.folder, reason, error: message },
      "a segment cannot be inserted and was set aside, with rows that were acknowledged; its files are in the folder refused of the spool: report this, and move them back up and restart to try again",
    );
  }

  #count(reason: string): void {
    const { failures } = this.counters;
    failures.set(reason, (failures.get(reason) ?? 0) + 1);
  }
}

async function findDamage(spool: Spool, segment: LoadedSegment): Promise<SpoolError | null> {
  try {
    await spool.verify(segment);
    return null;
  } catch (error) {
    return error instanceof SpoolError ? error : null;
  }
}
