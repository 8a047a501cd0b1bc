import type { AcceptExport, ExportOutcome, ExportRequest } from "../accept-export.ts";
import { type EncoderOptions, RequestEncoder } from "../hot/request-encoder.ts";
import type { Logger } from "../logger.ts";
import { RecentCalls } from "../pipeline/recent-calls.ts";
import { createTimeWindow, type Retention, type TimeWindow } from "../pipeline/time-window.ts";
import type { Spool } from "../spool/spool.ts";
import { type ColdSpans, encodeCold } from "./encode-cold.ts";
import { countEncoded, createIngestCounters, increase, type IngestCounters } from "./ingest-counters.ts";
import { SegmentCommit } from "./segment-commit.ts";

/** Options of the pipeline. */
export interface IngestOptions extends EncoderOptions {
  readonly spool: Pick<Spool, "write" | "usedBytes" | "maxBytes" | "folder">;
  readonly retention: Retention;
  readonly logger: Logger;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Bytes of rows that may wait to be durable, beyond the request that reaches it. @default 64 MiB */
  readonly maxWaitingBytes?: number;
}

type Refusal = Extract<ExportOutcome, { ok: false }>;

/** Rows in memory are about as large as the bodies they come from; more waits only when the disk is slow. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const RETRY_SECONDS = { busy: 1, "spool-full": 10, "spool-failed": 5 } as const;
/** How long a time window is used; each is a few bigints. */
const WINDOW_MS = 1_000;

/** Turns export requests into rows of segments, and answers when they are in the spool. */
export class Ingest {
  readonly counters: IngestCounters = createIngestCounters();
  /** Tells redeliveries, for metrics. */
  readonly recentCalls = new RecentCalls();
  readonly #options: IngestOptions;
  readonly #commit: SegmentCommit;
  readonly #now: () => number;
  #encoder: RequestEncoder;
  #window: { readonly untilMs: number; readonly window: TimeWindow } | undefined;
  #isSpoolFailing = false;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#encoder = new RequestEncoder(options, this.recentCalls);
    this.#commit = new SegmentCommit(options.spool, () => this.#createSegment(), this.#now);
  }

  /** Spans whose requests are not answered yet. */
  get waitingSpans(): number {
    return this.#commit.waitingSpans;
  }

  /** @see AcceptExport */
  readonly accept: AcceptExport = async (request) => {
    const refusal = this.#findRefusal(request.body.length);
    if (refusal !== null) return refusal;
    const encoded = this.#encode(request);
    if (encoded.accepted > 0) {
      try {
        await this.#commit.wait(request.body.length + encoded.repeatedBytes, encoded.accepted);
      } catch (error) {
        return this.#refuseAfterFailure(error);
      }
      this.#isSpoolFailing = false;
    }
    countEncoded(this.counters, encoded);
    return { ok: true, ...describeRejected(encoded) };
  };

  /** Resolves when every request that was taken is answered. */
  async drain(): Promise<void> {
    await this.#commit.drain();
  }

  #createSegment() {
    if (this.#encoder.isFull) this.#encoder = new RequestEncoder(this.#options, this.recentCalls);
    return this.#encoder.createSegment();
  }

  #encode(request: ExportRequest): ColdSpans {
    const { rows } = this.#commit.open();
    const window = this.#chooseWindow();
    const { sender, body, encoding } = request;
    const isPlain = encoding === "protobuf" && sender.tenants === null && sender.services === null;
    // Both paths add all of a request's rows, or none.
    const encoded = isPlain ? this.#encoder.encode(body, rows, window) : null;
    return encoded ?? encodeCold(request, rows, window, this.#options, this.recentCalls);
  }

  #chooseWindow(): TimeWindow {
    const now = this.#now();
    if (this.#window === undefined || now >= this.#window.untilMs || now < this.#window.untilMs - WINDOW_MS)
      this.#window = { untilMs: now + WINDOW_MS, window: createTimeWindow(now, this.#options.retention) };
    return this.#window.window;
  }

  #findRefusal(sizeBytes: number): Refusal | null {
    const { spool, maxWaitingBytes = MAX_WAITING_BYTES } = this.#options;
    if (this.#commit.waitingBytes >= maxWaitingBytes)
      return this.#refuse(
        "busy",
        `${this.#commit.waitingBytes} bytes of spans are waiting for the disk already; ${maxWaitingBytes} may. Send the request again later.`,
      );
    if (spool.usedBytes + this.#commit.waitingBytes + sizeBytes > spool.maxBytes)
      return this.#refuse(
        "spool-full",
        `The spool holds ${spool.usedBytes} bytes of spans that are not in the database yet; SPANCOST_SPOOL_MAX_BYTES allows ${spool.maxBytes}. Send the request again when the database is back.`,
      );
    return null;
  }

  #refuseAfterFailure(error: unknown): Refusal {
    const { logger, spool } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#isSpoolFailing)
      logger.error(
        { folder: spool.folder, error: message },
        "spans cannot be spooled; their requests are refused for now",
      );
    this.#isSpoolFailing = true;
    return this.#refuse("spool-failed", "The spans could not be written to disk. Send the request again later.");
  }

  #refuse(cause: keyof typeof RETRY_SECONDS, message: string): Refusal {
    increase(this.counters.requestsRefused, cause);
    const reason = cause === "busy" ? "busy" : "unavailable";
    return { ok: false, reason, retryAfterSeconds: RETRY_SECONDS[cause], message };
  }
}

function describeRejected({ rejected, malformed }: ColdSpans): { rejectedSpans: number; message: string } {
  const rejectedSpans = [...rejected.values()].reduce((sum, count) => sum + count, 0);
  if (rejectedSpans === 0) return { rejectedSpans, message: "" };
  const reasons = [...rejected].map(([issue, count]) => `${issue}: ${count}`).join(", ");
  const detail = malformed === undefined ? "" : ` The first that could not be read: ${malformed}`;
  const message = `${rejectedSpans} spans were rejected (${reasons}). They will not be accepted later either.${detail}`;
  return { rejectedSpans, message };
}
