import { type Context, context, createContextKey } from "@opentelemetry/api";
import { isBillable } from "../billable-span.ts";
import { reportFailure, reportLosses } from "../report-failure.ts";
import type { FinishedSpan, SpanExporter } from "../sdk-span.ts";
import { exportBatch } from "./export-batch.ts";

/** Options of the queue before an exporter; times in milliseconds, names and defaults as the SDK's `BatchSpanProcessor` has them. */
export interface ExportQueueOptions {
  readonly exporter: SpanExporter;
  /** @default 2048 */
  readonly maxQueueSize?: number | undefined;
  /** @default 512 */
  readonly maxExportBatchSize?: number | undefined;
  /** Longest time that a span waits for others. @default 5000 */
  readonly scheduledDelayMillis?: number | undefined;
  /** Longest time of one attempt, and of `forceFlush` and `shutdown` as a whole. @default 30000 */
  readonly exportTimeoutMillis?: number | undefined;
  /**
   * Attempts to export a batch, before its spans count as lost. OTLP exporters repeat on their own within an attempt.
   * @default 5
   */
  readonly maxAttempts?: number | undefined;
  /** Pause after the first failed attempt; it doubles with each. @default 1000 */
  readonly retryDelayMillis?: number | undefined;
}

/** The key under which every OpenTelemetry SDK marks its own work; `createContextKey` gives the same symbol everywhere. */
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** Spans waiting for an exporter: bounded, one batch at a time, nothing dropped without being counted. */
export class ExportQueue {
  readonly #exporter: SpanExporter;
  readonly #maxSize: number;
  readonly #batchSize: number;
  readonly #delayMs: number;
  readonly #timeoutMs: number;
  readonly #maxAttempts: number;
  readonly #retryDelayMs: number;
  #waiting: FinishedSpan[] = [];
  #inFlight: readonly FinishedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #draining: Promise<void> | undefined;
  #endPause: (() => void) | undefined;
  #stopped: Promise<void> | undefined;
  #hurrying = 0;
  #isAbandoned = false;
  /** While fewer spans than this wait, one more changes nothing else: the timer runs, or a batch is being exported. */
  #calmUntil = 0;

  constructor(options: ExportQueueOptions) {
    this.#exporter = options.exporter;
    this.#maxSize = Math.max(options.maxQueueSize ?? 2_048, 1);
    this.#batchSize = Math.min(Math.max(options.maxExportBatchSize ?? 512, 1), this.#maxSize);
    this.#delayMs = options.scheduledDelayMillis ?? 5_000;
    this.#timeoutMs = options.exportTimeoutMillis ?? 30_000;
    this.#maxAttempts = Math.max(options.maxAttempts ?? 5, 1);
    this.#retryDelayMs = options.retryDelayMillis ?? 1_000;
  }

  /** Queues a span that ended, or counts it as lost. */
  add(span: FinishedSpan): void {
    // Nearly always this is all: it runs for every span of the app.
    if (this.#waiting.length < this.#calmUntil) this.#waiting.push(span);
    else this.#addAndAct(span);
  }

  #addAndAct(span: FinishedSpan): void {
    if (this.#stopped !== undefined) return reportLosses("lost_after_shutdown", 1);
    if (this.#waiting.length >= this.#maxSize && !this.#makeRoom(span)) return;
    this.#waiting.push(span);
    if (this.#draining !== undefined) return;
    if (this.#waiting.length >= this.#batchSize) void this.#drain();
    else this.#startTimer();
  }

  #startTimer(): void {
    this.#timer ??= setTimeout(() => void this.#drain(), this.#delayMs).unref();
    this.#calmUntil = this.#batchSize - 1;
  }

  /** Exports what is queued, trying once; resolves when that is done or the time is up. What fails stays queued. */
  async flush(): Promise<void> {
    if (this.#stopped !== undefined) return this.#stopped;
    await this.#drainWithin();
    await settle(() => this.#exporter.forceFlush?.());
  }

  /** Flushes, counts what is left as lost, and shuts the exporter down; repeated calls get the first one's promise. */
  shutdown(): Promise<void> {
    this.#stopped ??= this.#stop();
    // From now on every span is looked at, and counted as lost.
    this.#calmUntil = 0;
    return this.#stopped;
  }

  /** Hands over all spans that the exporter has not taken for certain; from then on the queue is empty and stopped. */
  takeQueued(): readonly FinishedSpan[] {
    const taken = [...this.#inFlight, ...this.#waiting];
    this.#waiting = [];
    this.#isAbandoned = true;
    this.#clearTimer();
    this.#stopped ??= Promise.resolve();
    this.#calmUntil = 0;
    return taken;
  }

  async #stop(): Promise<void> {
    await this.#drainWithin();
    const left = this.#waiting.length + this.#inFlight.length;
    this.#waiting = [];
    this.#isAbandoned = true;
    if (left > 0) reportLosses("lost_at_shutdown", left);
    this.#clearTimer();
    await settle(() => this.#exporter.shutdown());
  }

  async #drainWithin(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#timeoutMs);
    });
    this.#hurrying += 1;
    this.#endPause?.();
    try {
      await Promise.race([this.#drain(), timeout]);
    } finally {
      this.#hurrying -= 1;
      clearTimeout(timer);
    }
  }

  #drain(): Promise<void> {
    this.#clearTimer();
    if (this.#draining !== undefined) return this.#draining;
    this.#draining = this.#exportAll().finally(() => {
      this.#draining = undefined;
      this.#calmUntil = 0;
      // A span may have ended between the last look at the queue and this.
      if (this.#waiting.length > 0 && this.#stopped === undefined) this.#startTimer();
    });
    if (this.#stopped === undefined) this.#calmUntil = this.#maxSize;
    return this.#draining;
  }

  async #exportAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      this.#inFlight = batch;
      const outcome = await this.#exportWithRetries(batch);
      this.#inFlight = [];
      if (outcome === "kept") {
        this.#waiting = [...batch, ...this.#waiting];
        return;
      }
      // What a shutdown gave up waiting for was counted there.
      if (outcome === "lost" && !this.#isAbandoned) reportLosses("lost_export_failed", batch.length);
    }
  }

  async #exportWithRetries(batch: readonly FinishedSpan[]): Promise<"exported" | "kept" | "lost"> {
    for (let attempt = 1; ; attempt += 1) {
      const error = await context.with(suppressTracing(context.active()), () =>
        exportBatch(this.#exporter, batch, this.#timeoutMs),
      );
      if (error === undefined) return "exported";
      if (this.#isAbandoned) return "lost";
      reportFailure("billing_export_failed", "LLM spans could not be exported; they are kept and tried again", error);
      // Whoever flushes does not wait for a receiver that is away, and loses nothing by it: a serverless app flushes at each request.
      if (this.#hurrying > 0 && this.#stopped === undefined) return "kept";
      if (attempt >= this.#maxAttempts) return "lost";
      await this.#pause(this.#retryDelayMs * 2 ** (attempt - 1));
    }
  }

  /** Waits, unless the queue is being shut down. */
  async #pause(delayMs: number): Promise<void> {
    if (this.#hurrying > 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs).unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = undefined;
  }

  #takeBatch(): FinishedSpan[] {
    if (this.#waiting.length > this.#batchSize) return this.#waiting.splice(0, this.#batchSize);
    const batch = this.#waiting;
    this.#waiting = [];
    return batch;
  }

  /** Drops all waiting spans that are no LLM spans, or else the new one. */
  #makeRoom(span: FinishedSpan): boolean {
    const kept = this.#waiting.filter(isBillable);
    const dropped = this.#waiting.length - kept.length;
    this.#waiting = kept;
    if (dropped > 0) reportLosses("lost_queue_full_other", dropped);
    if (kept.length < this.#maxSize) return true;
    reportLosses(isBillable(span) ? "lost_queue_full" : "lost_queue_full_other", 1);
    return false;
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#calmUntil = 0;
  }
}

function suppressTracing(active: Context): Context {
  return active.setValue(SUPPRESS_TRACING, true);
}

/** An exporter that fails to flush or to shut down is reported, never passed on: the app may be ending. */
async function settle(act: () => Promise<void> | undefined): Promise<void> {
  try {
    await act();
  } catch (error) {
    reportFailure("billing_export_failed", "the exporter could not be flushed or shut down", error);
  }
}
