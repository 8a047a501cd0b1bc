import { setImmediate, setTimeout } from "node:timers/promises";
import type { ClosedSegment, RowSegment } from "../hot/blocks/row-segment.ts";

/** Where closed segments go. */
export interface SegmentSink {
  /** Resolves when the segment would survive a crash; rejects with nothing written. */
  write(segment: ClosedSegment, receivedUnixMs: number): Promise<void>;
}

/** Rows of requests that wait to be durable together. */
export interface OpenSegment {
  readonly rows: RowSegment;
  /** When the first rows came. */
  receivedUnixMs: number;
  sizeBytes: number;
  spans: number;
  /** Told how it ended: `null`, or what went wrong. */
  readonly waiting: ((error: Error | null) => void)[];
}

/**
 * Least time from one segment's start to the next one's. Writing a segment costs as much CPU as receiving some two hundred spans, whatever
 * is in it; a request that comes alone does not wait.
 */
const MIN_INTERVAL_MS = 20;
/** What the first of several requests waits for the others, where they came together before. */
const COLLECT_MS = 10;

/**
 * Group commit: while a segment is being written, requests collect in the next one, so that many small ones share the disk's waits. A
 * request goes on when the segment that it is in would survive a crash.
 */
export class SegmentCommit {
  readonly #sink: SegmentSink;
  readonly #createSegment: () => RowSegment;
  readonly #now: () => number;
  #open: OpenSegment | undefined;
  #startedMs = -Infinity;
  /** Whether the last segment held several requests. */
  #cameTogether = false;
  #waitingBytes = 0;
  #waitingSpans = 0;
  #running: Promise<void> | undefined;

  constructor(sink: SegmentSink, createSegment: () => RowSegment, now: () => number) {
    this.#sink = sink;
    this.#createSegment = createSegment;
    this.#now = now;
  }

  /** About how many bytes of rows are not durable yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get waitingSpans(): number {
    return this.#waitingSpans;
  }

  /** The segment that collects. Whoever adds rows to it calls `wait` before anything else happens. */
  open(): OpenSegment {
    this.#open ??= {
      rows: this.#createSegment(),
      receivedUnixMs: this.#now(),
      sizeBytes: 0,
      spans: 0,
      waiting: [],
    };
    return this.#open;
  }

  /** Resolves when the rows that were just added to the open segment are durable. */
  wait(sizeBytes: number, spans: number): Promise<void> {
    const segment = this.open();
    if (segment.spans === 0) segment.receivedUnixMs = this.#now();
    segment.sizeBytes += sizeBytes;
    segment.spans += spans;
    this.#waitingBytes += sizeBytes;
    this.#waitingSpans += spans;
    const durable = new Promise<void>((resolve, reject) => {
      segment.waiting.push((error) => (error === null ? resolve() : reject(error)));
    });
    this.#running ??= this.#run();
    return durable;
  }

  /** Resolves when nothing waits. */
  async drain(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What comes in the same turn of the event loop goes together.
    await (this.#cameTogether ? setTimeout(COLLECT_MS) : setImmediate());
    for (let segment = this.#open; segment !== undefined; segment = this.#open) {
      const waitMs = this.#startedMs + MIN_INTERVAL_MS - performance.now();
      if (waitMs > 0) await setTimeout(waitMs);
      this.#startedMs = performance.now();
      this.#open = undefined;
      this.#cameTogether = segment.waiting.length > 1;
      this.#finish(segment, await this.#write(segment));
    }
    this.#running = undefined;
  }

  async #write({ rows, receivedUnixMs }: OpenSegment): Promise<Error | null> {
    try {
      const closed = rows.close();
      try {
        if (closed.partitions.length > 0) await this.#sink.write(closed, receivedUnixMs);
      } finally {
        closed.release();
      }
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #finish({ waiting, sizeBytes, spans }: OpenSegment, error: Error | null): void {
    this.#waitingBytes -= sizeBytes;
    this.#waitingSpans -= spans;
    for (const tell of waiting) tell(error);
  }
}
