import type { Store } from "@spancost/clickhouse";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import { GroupCommit } from "./group-commit.ts";
import { findSpanIssue, type SpanIssue } from "./span-issue.ts";
import { createTimeWindow } from "./time-window.ts";
import { type CallContext, toCallRow } from "./to-call-row.ts";
import { toSpanRow } from "./to-span-row.ts";

/** Options of the pipeline. */
export interface IngestOptions extends CallContext {
  /** Store prompts and completions as well. */
  readonly storeContent: boolean;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** What became of a request's spans. */
export type IngestResult =
  | { readonly ok: true; readonly accepted: number; readonly rejected: ReadonlyMap<SpanIssue, number> }
  | { readonly ok: false; readonly reason: "busy" | "store-failed"; readonly message: string };

/** Counts since the start, for metrics. */
export interface IngestCounters {
  spansAccepted: number;
  callsAccepted: number;
  readonly spansRejected: Map<SpanIssue, number>;
  /** Requests refused for now, by reason; the sender sends them again. */
  readonly requestsRefused: Map<string, number>;
}

/** Spans waiting for an insert at the most: about 200 MB. */
const MAX_WAITING_SPANS = 200_000;

/** Turns decoded spans into rows and writes them. */
export class Ingest {
  readonly counters: IngestCounters = {
    spansAccepted: 0,
    callsAccepted: 0,
    spansRejected: new Map(),
    requestsRefused: new Map(),
  };
  readonly #options: IngestOptions;
  readonly #commit: GroupCommit;

  constructor(store: Pick<Store, "insert">, options: IngestOptions) {
    this.#options = options;
    this.#commit = new GroupCommit(store, MAX_WAITING_SPANS);
  }

  get waitingSpans(): number {
    return this.#commit.waitingRows;
  }

  /** Resolves when every acceptable span is durable, or none was taken. */
  async write(spans: readonly OtlpSpan[]): Promise<IngestResult> {
    const window = createTimeWindow((this.#options.now ?? Date.now)(), { ledgerDays: 0, spansDays: 0 });
    const rejected = new Map<SpanIssue, number>();
    const accepted = spans.filter((span) => {
      const issue = findSpanIssue(span, window);
      if (issue !== null) increase(rejected, issue);
      return issue === null;
    });
    const result = await this.#commitRows(accepted);
    if (!result.ok) return result;
    for (const [issue, count] of rejected) increase(this.counters.spansRejected, issue, count);
    return { ok: true, accepted: accepted.length, rejected };
  }

  /** Resolves when nothing is waiting. */
  async drain(): Promise<void> {
    await this.#commit.drain();
  }

  async #commitRows(spans: readonly OtlpSpan[]): Promise<{ ok: true } | Extract<IngestResult, { ok: false }>> {
    if (spans.length === 0) return { ok: true };
    const calls = spans.flatMap((span) => toCallRow(span, this.#options) ?? []);
    try {
      const taken = await this.#commit.write({
        spans: spans.map((span) => toSpanRow(span, this.#options.storeContent)),
        calls,
      });
      if (!taken)
        return this.#refuse(
          "busy",
          `More than ${MAX_WAITING_SPANS} spans are waiting for the database. Send the request again later.`,
        );
    } catch (error) {
      return this.#refuse(
        "store-failed",
        `The spans could not be stored: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    this.counters.spansAccepted += spans.length;
    this.counters.callsAccepted += calls.length;
    return { ok: true };
  }

  #refuse(reason: "busy" | "store-failed", message: string): Extract<IngestResult, { ok: false }> {
    increase(this.counters.requestsRefused, reason);
    return { ok: false, reason, message };
  }
}

function increase<K>(counts: Map<K, number>, key: K, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
