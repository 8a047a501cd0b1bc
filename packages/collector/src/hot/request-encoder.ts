import { ATTRIBUTE_USES, type AttributeUse } from "@spancost/core";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import { LABEL_PREFIX } from "../pipeline/span-columns.ts";
import { MAX_REPEATED_BYTES } from "../pipeline/check-repetition.ts";
import type { RecentCalls } from "../pipeline/recent-calls.ts";
import { SPAN_ID_BYTES, type SpanIssue, TRACE_ID_BYTES } from "../pipeline/span-issue.ts";
import type { TimeWindow } from "../pipeline/time-window.ts";
import { type CallContext, toCallRow } from "../pipeline/to-call-row.ts";
import { CallTemplates, type SpanSource } from "./calls/call-templates.ts";
import { createKeyTable } from "./known/known-key.ts";
import {
  createResourceTable,
  createScopeTable,
  type KnownResource,
  type KnownScope,
  TextNumbers,
} from "./known/known-origin.ts";
import { createTextTable } from "./known/known-text.ts";
import { materialiseSpan } from "./spans/materialise-span.ts";
import { BlockPool, MAX_KEPT_BYTES, RowSegment } from "./blocks/row-segment.ts";
import { SpanBlock } from "./blocks/span-block.ts";
import { SpanEncoder } from "./spans/span-encoder.ts";
import type { SpanFields } from "./spans/span-fields.ts";
import { HourFinder, isBefore, toWindowParts, type WindowParts } from "./spans/time-parts.ts";
import { bytesField, NOT_UNDERSTOOD, WireReader } from "./spans/wire-reader.ts";

/** What became of the spans of a request. */
export interface EncodedSpans {
  accepted: number;
  calls: number;
  /** Accepted, but older than raw spans are kept. */
  notKept: number;
  /** Bytes of resources that the rows repeat, span by span. */
  repeatedBytes: number;
  readonly rejected: Map<SpanIssue, number>;
}

/** Options of the pipeline from spans to rows. */
export interface EncoderOptions extends CallContext {
  /** Store prompts and completions as well. */
  readonly storeContent: boolean;
}

interface SpanOrigins {
  readonly resource: KnownResource;
  readonly scope: KnownScope;
}

/** A bound below that of the cold path, which then decides. */
const MAX_SPANS = 50_000;
/** Groups of spans in one request; SDKs send one, Collectors some hundreds. */
const MAX_GROUPS = 10_000;

/**
 * The hot path: an export request in protobuf straight into rows of a segment, in one walk over its bytes. What it knows of keys, texts
 * and forms of spans it keeps from request to request.
 */
export class RequestEncoder implements SpanSource {
  readonly #options: EncoderOptions;
  readonly #recentCalls: RecentCalls | null;
  readonly #numbers = new TextNumbers();
  readonly #names = createTextTable();
  readonly #tenants = createTextTable();
  readonly #keys: ReturnType<typeof createKeyTable>;
  readonly #resources = createResourceTable();
  readonly #scopes = createScopeTable(new TextNumbers());
  readonly #templates: CallTemplates;
  readonly #pool: BlockPool;
  readonly #spanEncoder: SpanEncoder;
  readonly #hours = new HourFinder();
  /** Takes the rows of spans that are not stored. */
  #discarded = new SpanBlock();
  #reader = new WireReader(new Uint8Array(0));
  #segment: RowSegment;
  #window: WindowParts | undefined;
  #result: EncodedSpans = createResult();
  /** Why the span at hand is not stored. */
  #issue: SpanIssue | null = null;
  #spans = 0;
  #origin: SpanOrigins | null = null;

  /** `recentCalls` tells redeliveries, where they are to be counted. */
  constructor(options: EncoderOptions, recentCalls: RecentCalls | null = null) {
    this.#options = options;
    this.#recentCalls = recentCalls;
    this.#keys = createKeyTable(collectUses(options));
    this.#templates = new CallTemplates({ ...options, numbers: this.#numbers });
    const { pricer, labels: labelNames } = options;
    this.#pool = new BlockPool({ pricer, numbers: this.#numbers, tenants: this.#tenants, labelNames });
    this.#segment = new RowSegment(this.#pool);
    this.#spanEncoder = new SpanEncoder(this.#keys, this.#names, options.storeContent, (view, span) =>
      this.#openRow(view, span),
    );
  }

  /** Whether so much that came once is known that a new encoder should take over, between two segments. */
  get isFull(): boolean {
    return [this.#keys, this.#names, this.#tenants, this.#resources, this.#scopes, this.#templates].some(
      (table) => table.isFull,
    );
  }

  /** A segment for this encoder's rows. */
  createSegment(): RowSegment {
    return new RowSegment(this.#pool);
  }

  /** Adds a request's rows to a segment; `null`, and nothing is added, for a body that only the cold path can read. */
  encode(body: Uint8Array, segment: RowSegment, window: TimeWindow): EncodedSpans | null {
    if (this.#window?.window !== window) this.#window = toWindowParts(window);
    this.#reader = new WireReader(body);
    this.#segment = segment;
    this.#result = createResult();
    this.#spans = 0;
    this.#spanEncoder.begin(this.#reader);
    segment.mark();
    try {
      this.#readRequest(body.length);
      return this.#result;
    } catch (error) {
      segment.rollBack();
      // DataView throws a RangeError where a body ends too early.
      if (error === NOT_UNDERSTOOD || error instanceof RangeError) return null;
      throw error;
    } finally {
      if (this.#discarded.capacityBytes > MAX_KEPT_BYTES) this.#discarded = new SpanBlock();
      else this.#discarded.clear();
    }
  }

  #readRequest(end: number): void {
    const reader = this.#reader;
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(1)) this.#readResourceSpans(reader.endOfBytes(end));
      else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
  }

  /** A resource can follow its spans, so these are read when the whole message was seen. */
  #readResourceSpans(end: number): void {
    const { origin, parts } = this.#survey(end);
    const resource = this.#resources.find(this.#reader.view, origin.at, origin.size);
    if (resource === undefined) throw NOT_UNDERSTOOD;
    for (let index = 0; index < parts.length; index += 2) {
      this.#reader.at = parts[index] ?? 0;
      this.#readScopeSpans(resource, parts[index + 1] ?? 0);
    }
    this.#reader.at = end;
  }

  #readScopeSpans(resource: KnownResource, end: number): void {
    const { origin, parts } = this.#survey(end);
    const scope = this.#scopes.find(this.#reader.view, origin.at, origin.size);
    if (scope === undefined) throw NOT_UNDERSTOOD;
    this.#origin = { resource, scope };
    for (let index = 0; index < parts.length; index += 2) {
      this.#reader.at = parts[index] ?? 0;
      this.#readSpan(resource, scope, parts[index + 1] ?? 0);
    }
    this.#reader.at = end;
  }

  /** Finds field 1, the resource or scope, which stands once, and all of field 2, scopes or spans, as pairs of offsets. */
  #survey(end: number): { origin: { at: number; size: number }; parts: number[] } {
    const reader = this.#reader;
    const parts: number[] = [];
    let origin = { at: 0, size: -1 };
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(2)) {
        const last = reader.endOfBytes(end);
        parts.push(reader.at, last);
        reader.at = last;
      } else if (key === bytesField(1)) {
        if (origin.size !== -1) throw NOT_UNDERSTOOD;
        const last = reader.endOfBytes(end);
        origin = { at: reader.at, size: last - reader.at };
        reader.at = last;
      } else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    this.#spans += parts.length / 2;
    if (this.#spans > MAX_SPANS + MAX_GROUPS) throw NOT_UNDERSTOOD;
    return { origin: { at: origin.at, size: Math.max(origin.size, 0) }, parts };
  }

  #readSpan(resource: KnownResource, scope: KnownScope, end: number): void {
    this.#issue = null;
    this.#result.repeatedBytes += resource.valuesSize;
    if (this.#result.repeatedBytes > MAX_REPEATED_BYTES) throw NOT_UNDERSTOOD;
    const { fields, read } = this.#spanEncoder;
    const block = this.#spanEncoder.encode(end, scope);
    const { name } = fields;
    if (name === undefined) throw NOT_UNDERSTOOD;
    block.endRow(this.#reader.view, fields, name, resource, scope);
    const result = this.#result;
    if (this.#issue !== null) {
      result.rejected.set(this.#issue, (result.rejected.get(this.#issue) ?? 0) + 1);
      return;
    }
    result.accepted += 1;
    if (block === this.#discarded) result.notKept += 1;
    const template = this.#templates.find(read, resource, scope, fields.statusCode, name, this);
    if (template.kind === "none") return;
    if (template.kind === "call") {
      const calls = this.#segment.callBlock(fields.hourUnix);
      if (calls.add(this.#reader.view, fields, template, read, this.#segment.hours)) {
        result.calls += 1;
        this.#recentCalls?.note(this.#reader.view, fields.traceAt, fields.spanAt, calls.fingerprint);
        return;
      }
    }
    this.#addWhole();
  }

  /** The span at hand as an object. @throws NOT_UNDERSTOOD */
  materialise(): OtlpSpan {
    const origin = this.#origin;
    if (origin === null) throw NOT_UNDERSTOOD;
    return materialiseSpan(this.#reader, this.#spanEncoder.fields, origin.resource, origin.scope);
  }

  #addWhole(): void {
    const row = toCallRow(this.materialise(), this.#options);
    if (row === null) return;
    this.#segment.addCall(row);
    this.#recentCalls?.noteRow(row);
    this.#result.calls += 1;
  }

  /** Checks what `findSpanIssue` checks, and finds the block of the span's day. */
  #openRow(view: DataView, span: SpanFields): SpanBlock {
    const window = this.#window;
    if (window === undefined) throw NOT_UNDERSTOOD;
    if (span.startAt !== 0) {
      span.startLow = view.getUint32(span.startAt, true);
      span.startHigh = view.getUint32(span.startAt + 4, true);
    }
    this.#issue = findIssue(view, span, window);
    // A row of the block for nothing needs places to read ids from, which a rejected span may not have.
    if (this.#issue !== null) {
      span.traceAt = span.spanAt = span.startAt = span.parentSize = 0;
      if (view.byteLength < TRACE_ID_BYTES) throw NOT_UNDERSTOOD;
      return this.#discarded;
    }
    span.hourUnix = this.#hours.find(span.startHigh, span.startLow);
    span.minute = this.#hours.minuteOf(span.startHigh, span.startLow);
    const isKept = !isBefore(span.startHigh, span.startLow, window.spansFrom);
    return isKept ? this.#segment.spanBlock(span.hourUnix) : this.#discarded;
  }
}

function findIssue(view: DataView, span: SpanFields, window: WindowParts): SpanIssue | null {
  if (span.traceSize !== TRACE_ID_BYTES || (isZero(view, span.traceAt) && isZero(view, span.traceAt + 8)))
    return "bad-trace-id";
  if (span.spanSize !== SPAN_ID_BYTES || isZero(view, span.spanAt)) return "bad-span-id";
  const { startHigh, startLow } = span;
  if (isBefore(startHigh, startLow, window.earliest) || !isBefore(startHigh, startLow, window.afterLatest))
    return "time-out-of-window";
  return isBefore(startHigh, startLow, window.ledgerFrom) ? "older-than-retention" : null;
}

function isZero(view: DataView, at: number): boolean {
  return view.getInt32(at) === 0 && view.getInt32(at + 4) === 0;
}

function createResult(): EncodedSpans {
  return { accepted: 0, calls: 0, notKept: 0, repeatedBytes: 0, rejected: new Map() };
}

/** The uses of attributes, with what the operator configures: its own names of attribution, and labels. */
function collectUses({ attributionKeys, labels }: CallContext): ReadonlyMap<string, AttributeUse> {
  const own = [...Object.values(attributionKeys), ...labels.flatMap((name) => [LABEL_PREFIX + name, name])];
  const uses = new Map<string, AttributeUse>(own.map((key) => [key, "identity"]));
  return new Map([...uses, ...ATTRIBUTE_USES]);
}
