import { ATTRIBUTE_USES, type AttributeUse } from "@spancost/core";
import { LABEL_PREFIX } from "../pipeline/span-columns.ts";
import { SPAN_ID_BYTES, type SpanIssue, TRACE_ID_BYTES } from "../pipeline/span-issue.ts";
import type { TimeWindow } from "../pipeline/time-window.ts";
import { type CallContext, toCallRow } from "../pipeline/to-call-row.ts";
import type { CallBlockTools } from "./call-block.ts";
import { CallTemplates } from "./call-templates.ts";
import { createKeyTable } from "./known-key.ts";
import { createResourceTable, createScopeTable, TextNumbers } from "./known-origin.ts";
import { createTextTable } from "./known-text.ts";
import { materialiseSpan } from "./materialise-span.ts";
import { RowSegment } from "./row-segment.ts";
import { RequestScan, SPAN } from "./scan-request.ts";
import { HourFinder, isBefore, type TimeParts, toParts } from "./time-parts.ts";

/** What became of the spans of a request. */
export interface EncodedSpans {
  accepted: number;
  calls: number;
  /** Accepted, but older than raw spans are kept. */
  notKept: number;
  readonly rejected: Map<SpanIssue, number>;
}

/** Options of the pipeline from spans to rows. */
export interface EncoderOptions extends CallContext {
  /** Store prompts and completions as well. */
  readonly storeContent: boolean;
}

interface WindowParts {
  readonly window: TimeWindow;
  readonly earliest: TimeParts;
  readonly afterLatest: TimeParts;
  readonly ledgerFrom: TimeParts;
  readonly spansFrom: TimeParts;
}

/**
 * The hot path: an export request in protobuf straight into rows of a segment. What it knows of keys, texts and forms of spans it keeps
 * from request to request.
 */
export class RequestEncoder {
  readonly #options: EncoderOptions;
  readonly #numbers = new TextNumbers();
  readonly #names = createTextTable();
  readonly #tenants = createTextTable();
  readonly #keys: ReturnType<typeof createKeyTable>;
  readonly #resources = createResourceTable(new TextNumbers(), new TextNumbers());
  readonly #scopes = createScopeTable();
  readonly #templates: CallTemplates;
  readonly #scan: RequestScan;
  readonly #hours = new HourFinder();
  readonly #tools: CallBlockTools;
  #window: WindowParts | undefined;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.#keys = createKeyTable(collectUses(options));
    this.#templates = new CallTemplates({ ...options, numbers: this.#numbers }, this.#names);
    this.#scan = new RequestScan({
      keys: this.#keys,
      names: this.#names,
      resources: this.#resources,
      scopes: this.#scopes,
    });
    this.#tools = {
      pricer: options.pricer,
      numbers: this.#numbers,
      tenants: this.#tenants,
      labelNames: options.labels,
    };
  }

  /** Whether so much that came once is known that a new encoder should take over, between two segments. */
  get isFull(): boolean {
    return [this.#keys, this.#names, this.#tenants, this.#resources, this.#scopes, this.#templates].some(
      (table) => table.isFull,
    );
  }

  /** A segment for this encoder's rows. */
  createSegment(): RowSegment {
    return new RowSegment(this.#options.storeContent, this.#tools);
  }

  /** Adds a request's rows to a segment; `null`, and nothing is added, for a body that only the cold path can read. */
  encode(body: Uint8Array, segment: RowSegment, window: TimeWindow): EncodedSpans | null {
    if (!this.#scan.run(body)) return null;
    const result: EncodedSpans = { accepted: 0, calls: 0, notKept: 0, rejected: new Map() };
    if (this.#window?.window !== window) this.#window = toWindowParts(window);
    const end = this.#scan.spanCount * SPAN.width;
    for (let span = 0; span < end; span += SPAN.width) this.#encodeSpan(span, segment, this.#window, result);
    return result;
  }

  #encodeSpan(span: number, segment: RowSegment, window: WindowParts, result: EncodedSpans): void {
    const { spans, reader } = this.#scan;
    const { view } = reader;
    const startAt = spans[span + SPAN.startAt] ?? 0;
    const startLow = startAt === 0 ? 0 : view.getUint32(startAt, true);
    const startHigh = startAt === 0 ? 0 : view.getUint32(startAt + 4, true);
    const issue = this.#findIssue(span, startHigh, startLow, window);
    if (issue !== null) {
      result.rejected.set(issue, (result.rejected.get(issue) ?? 0) + 1);
      return;
    }
    const endAt = spans[span + SPAN.endAt] ?? 0;
    const endLow = endAt === 0 ? 0 : view.getUint32(endAt, true);
    const endHigh = endAt === 0 ? 0 : view.getUint32(endAt + 4, true);
    const isEnded = endHigh > startHigh || (endHigh === startHigh && endLow > startLow);
    const durationLow = isEnded ? (endLow - startLow) >>> 0 : 0;
    const durationHigh = isEnded ? endHigh - startHigh - (endLow < startLow ? 1 : 0) : 0;
    const hourUnix = this.#hours.find(startHigh, startLow);
    result.accepted += 1;
    result.calls += this.#encodeCall(span, segment, hourUnix, durationLow, durationHigh);
    if (isBefore(startHigh, startLow, window.spansFrom)) result.notKept += 1;
    else segment.spanBlock(hourUnix).add(this.#scan, span, durationLow, durationHigh);
  }

  /** @returns how many rows the span has in the ledger: one or none */
  #encodeCall(
    span: number,
    segment: RowSegment,
    hourUnix: number,
    durationLow: number,
    durationHigh: number,
  ): number {
    const templates = this.#templates;
    const template = templates.find(this.#scan, span);
    if (template.kind === "none") return 0;
    const added =
      template.kind === "call" &&
      segment
        .callBlock(hourUnix)
        .add(this.#scan, span, template, templates.places, hourUnix, durationLow, durationHigh);
    if (added) return 1;
    const row = toCallRow(materialiseSpan(this.#scan, span), this.#options);
    if (row === null) return 0;
    segment.addCall(row);
    return 1;
  }

  /** As `findSpanIssue` says it. */
  #findIssue(span: number, startHigh: number, startLow: number, window: WindowParts): SpanIssue | null {
    const { spans, reader } = this.#scan;
    const { view } = reader;
    const traceAt = spans[span + SPAN.traceAt] ?? 0;
    if (spans[span + SPAN.traceSize] !== TRACE_ID_BYTES || (isZero(view, traceAt) && isZero(view, traceAt + 8)))
      return "bad-trace-id";
    if (spans[span + SPAN.spanSize] !== SPAN_ID_BYTES || isZero(view, spans[span + SPAN.spanAt] ?? 0))
      return "bad-span-id";
    if (isBefore(startHigh, startLow, window.earliest) || !isBefore(startHigh, startLow, window.afterLatest))
      return "time-out-of-window";
    return isBefore(startHigh, startLow, window.ledgerFrom) ? "older-than-retention" : null;
  }
}

function isZero(view: DataView, at: number): boolean {
  return view.getInt32(at) === 0 && view.getInt32(at + 4) === 0;
}

function toWindowParts(window: TimeWindow): WindowParts {
  return {
    window,
    earliest: toParts(window.earliestUnixNano),
    afterLatest: toParts(window.latestUnixNano + 1n),
    ledgerFrom: toParts(window.ledgerFromUnixNano),
    spansFrom: toParts(window.spansFromUnixNano),
  };
}

/** The uses of attributes, with what the operator configures: its own names of attribution, and labels. */
function collectUses({ attributionKeys, labels }: CallContext): ReadonlyMap<string, AttributeUse> {
  const own = [...Object.values(attributionKeys), ...labels.flatMap((name) => [LABEL_PREFIX + name, name])];
  const uses = new Map<string, AttributeUse>(own.map((key) => [key, "identity"]));
  return new Map([...uses, ...ATTRIBUTE_USES]);
}
