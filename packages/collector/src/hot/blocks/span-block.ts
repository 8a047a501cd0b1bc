import {
  ATTRIBUTES_TYPE,
  ByteColumn,
  LowCardinalityColumn,
  MapColumn,
  OffsetsColumn,
  REPEATED_ATTRIBUTES_TYPE,
} from "@spancost/clickhouse";
import { ColumnSet, writeArray, writeBlock, writeColumn, type WrittenColumn } from "./column-set.ts";
import type { KnownResource, KnownScope } from "../known/known-origin.ts";
import type { KnownText } from "../known/known-text.ts";
import type { SpanFields } from "../spans/span-fields.ts";
import { kindText, statusText } from "./span-texts.ts";
import { writeText } from "../spans/value-writer.ts";

const LOW_CARDINALITY = "LowCardinality(String)";
const NANOSECONDS = "DateTime64(9, 'UTC')";
/** Names and types of the columns. */
const HEADER_BYTES = 2_048;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/**
 * Rows of `otel_traces` under construction, in ClickHouse's Native format. Bytes go from the request into the columns undecoded; keys of
 * attributes and other texts of which there are few go by their number. A row's attributes, events and links are written first, then
 * `endRow` adds the rest.
 */
export class SpanBlock {
  rows = 0;
  readonly attributes = new MapColumn(new ByteColumn());
  readonly eventAttributes = new MapColumn(new ByteColumn());
  readonly linkAttributes = new MapColumn(new ByteColumn());
  readonly #timestamps = new ByteColumn();
  readonly #traceIds = new ByteColumn();
  readonly #spanIds = new ByteColumn();
  readonly #parentIds = new ByteColumn();
  readonly #traceStates = new ByteColumn();
  readonly #names = new LowCardinalityColumn();
  readonly #kinds = new LowCardinalityColumn();
  readonly #services = new LowCardinalityColumn();
  readonly #resources = new MapColumn(new LowCardinalityColumn());
  readonly #scopeNames = new LowCardinalityColumn();
  readonly #scopeVersions = new LowCardinalityColumn();
  readonly #durations = new ByteColumn();
  readonly #statusCodes = new LowCardinalityColumn();
  readonly #statusMessages = new ByteColumn();
  readonly #eventOffsets = new OffsetsColumn();
  readonly #eventTimes = new ByteColumn();
  readonly #eventNames = new LowCardinalityColumn();
  readonly #linkOffsets = new OffsetsColumn();
  readonly #linkTraceIds = new ByteColumn();
  readonly #linkSpanIds = new ByteColumn();
  readonly #linkStates = new ByteColumn();
  readonly #columns: ColumnSet;
  #linkCount = 0;
  #marked = { rows: 0, links: 0 };

  constructor() {
    this.#columns = new ColumnSet([
      this.#timestamps,
      this.#traceIds,
      this.#spanIds,
      this.#parentIds,
      this.#traceStates,
      this.#names,
      this.#kinds,
      this.#services,
      this.#resources,
      this.#scopeNames,
      this.#scopeVersions,
      this.attributes,
      this.#durations,
      this.#statusCodes,
      this.#statusMessages,
      this.#eventOffsets,
      this.#eventTimes,
      this.#eventNames,
      this.eventAttributes,
      this.#linkOffsets,
      this.#linkTraceIds,
      this.#linkSpanIds,
      this.#linkStates,
      this.linkAttributes,
    ]);
  }

  /** Adds an event whose attributes were written; its time stands at `timeAt`, or is 0. */
  addEvent(view: DataView, timeAt: number, name: KnownText): void {
    this.eventAttributes.endRow();
    if (timeAt === 0) this.#eventTimes.uint64(0);
    else this.#eventTimes.eightBytes(view, timeAt);
    this.#eventNames.push(name);
  }

  /** Adds a link whose attributes were written. */
  addLink(
    view: DataView,
    traceAt: number,
    traceSize: number,
    spanAt: number,
    spanSize: number,
    stateAt: number,
    stateSize: number,
  ): void {
    this.linkAttributes.endRow();
    this.#linkTraceIds.hexText(view, traceAt, traceSize);
    this.#linkSpanIds.hexText(view, spanAt, spanSize);
    writeText(this.#linkStates, view, stateAt, stateSize);
    this.#linkCount += 1;
  }

  /** Adds what is left of a span. */
  endRow(view: DataView, span: SpanFields, name: KnownText, resource: KnownResource, scope: KnownScope): void {
    this.rows += 1;
    this.attributes.endRow();
    this.#timestamps.eightBytes(view, span.startAt);
    this.#traceIds.hexText(view, span.traceAt, TRACE_ID_BYTES);
    this.#spanIds.hexText(view, span.spanAt, SPAN_ID_BYTES);
    this.#parentIds.hexText(view, span.parentAt, span.parentSize);
    if (span.stateSize === 0) this.#traceStates.emptyText();
    else writeText(this.#traceStates, view, span.stateAt, span.stateSize);
    this.#names.push(name);
    this.#kinds.push(kindText(span.kind));
    this.#services.push(resource.service);
    this.#resources.addKeys(resource.keys);
    this.#resources.values.pushAll(resource.values);
    this.#resources.endRow();
    this.#scopeNames.push(scope.nameText);
    this.#scopeVersions.push(scope.versionText);
    this.#durations.uint32(span.durationLow);
    this.#durations.uint32(span.durationHigh);
    this.#statusCodes.push(statusText(span.statusCode));
    if (span.messageSize === 0) this.#statusMessages.emptyText();
    else writeText(this.#statusMessages, view, span.messageAt, span.messageSize);
    this.#eventOffsets.push(this.#eventNames.length);
    this.#linkOffsets.push(this.#linkCount);
  }

  /** Remembers how much there is. */
  mark(): void {
    this.#columns.mark();
    this.#marked = { rows: this.rows, links: this.#linkCount };
  }

  /** Takes back what came after the mark. */
  rollBack(): void {
    this.#columns.rollBack();
    this.rows = this.#marked.rows;
    this.#linkCount = this.#marked.links;
  }

  /** Writes the block and empties this one. */
  finish(out: ByteColumn): void {
    writeBlock(out, this.#written(), this.rows, this.#columns.sizeBytes + HEADER_BYTES);
    this.clear();
  }

  /** Memory that the block holds. */
  get capacityBytes(): number {
    return this.#columns.capacityBytes;
  }

  /** Empties the block and keeps its memory. */
  clear(): void {
    this.#columns.clear();
    this.rows = 0;
    this.#linkCount = 0;
  }

  /** As the Collector's ClickHouse exporter has the columns. */
  #written(): readonly WrittenColumn[] {
    return [
      ["Timestamp", NANOSECONDS, writeColumn(this.#timestamps)],
      ["TraceId", "String", writeColumn(this.#traceIds)],
      ["SpanId", "String", writeColumn(this.#spanIds)],
      ["ParentSpanId", "String", writeColumn(this.#parentIds)],
      ["TraceState", "String", writeColumn(this.#traceStates)],
      ["SpanName", LOW_CARDINALITY, writeColumn(this.#names)],
      ["SpanKind", LOW_CARDINALITY, writeColumn(this.#kinds)],
      ["ServiceName", LOW_CARDINALITY, writeColumn(this.#services)],
      ["ResourceAttributes", REPEATED_ATTRIBUTES_TYPE, writeColumn(this.#resources)],
      ["ScopeName", LOW_CARDINALITY, writeColumn(this.#scopeNames)],
      ["ScopeVersion", LOW_CARDINALITY, writeColumn(this.#scopeVersions)],
      ["SpanAttributes", ATTRIBUTES_TYPE, writeColumn(this.attributes)],
      ["Duration", "UInt64", writeColumn(this.#durations)],
      ["StatusCode", LOW_CARDINALITY, writeColumn(this.#statusCodes)],
      ["StatusMessage", "String", writeColumn(this.#statusMessages)],
      ["Events.Timestamp", `Array(${NANOSECONDS})`, writeArray(this.#eventOffsets, this.#eventTimes)],
      ["Events.Name", `Array(${LOW_CARDINALITY})`, writeArray(this.#eventOffsets, this.#eventNames)],
      ["Events.Attributes", `Array(${ATTRIBUTES_TYPE})`, writeArray(this.#eventOffsets, this.eventAttributes)],
      ["Links.TraceId", "Array(String)", writeArray(this.#linkOffsets, this.#linkTraceIds)],
      ["Links.SpanId", "Array(String)", writeArray(this.#linkOffsets, this.#linkSpanIds)],
      ["Links.TraceState", "Array(String)", writeArray(this.#linkOffsets, this.#linkStates)],
      ["Links.Attributes", `Array(${ATTRIBUTES_TYPE})`, writeArray(this.#linkOffsets, this.linkAttributes)],
    ];
  }
}
