import { ATTRIBUTES_TYPE, ByteColumn, encodeText, LowCardinalityColumn, MapColumn, type NumberedText } from "@spancost/clickhouse";
import { isContentAttribute } from "@spancost/core";
import { ATTRIBUTE, EVENT, LINK, type RequestScan, SPAN } from "./scan-request.ts";
import { KIND_TEXTS, STATUS_TEXTS } from "./span-texts.ts";
import { writeText, writeValue } from "./value-writer.ts";

const LOW_CARDINALITY = "LowCardinality(String)";
const NANOSECONDS = "DateTime64(9, 'UTC')";
const NO_EVENT = "";
const [UNKNOWN_KIND, UNSET] = [KIND_TEXTS[0], STATUS_TEXTS[0]] as [NumberedText, NumberedText];

/**
 * Rows of `otel_traces` under construction, in ClickHouse's Native format. Bytes go from the request into the columns undecoded; keys of
 * attributes and other texts of which there are few go by their number.
 */
export class SpanBlock {
  rows = 0;
  readonly #storeContent: boolean;
  readonly #timestamps = new ByteColumn();
  readonly #traceIds = new ByteColumn();
  readonly #spanIds = new ByteColumn();
  readonly #parentIds = new ByteColumn();
  readonly #traceStates = new ByteColumn();
  readonly #names = new LowCardinalityColumn();
  readonly #kinds = new LowCardinalityColumn();
  readonly #services = new LowCardinalityColumn();
  readonly #resources = new MapColumn();
  readonly #scopeNames = new ByteColumn();
  readonly #scopeVersions = new ByteColumn();
  readonly #attributes = new MapColumn();
  readonly #durations = new ByteColumn();
  readonly #statusCodes = new LowCardinalityColumn();
  readonly #statusMessages = new ByteColumn();
  readonly #eventOffsets = new ByteColumn();
  readonly #eventTimes = new ByteColumn();
  readonly #eventNames = new LowCardinalityColumn();
  readonly #eventAttributes = new MapColumn();
  #eventCount = 0;
  readonly #linkOffsets = new ByteColumn();
  readonly #linkTraceIds = new ByteColumn();
  readonly #linkSpanIds = new ByteColumn();
  readonly #linkStates = new ByteColumn();
  readonly #linkAttributes = new MapColumn();
  #linkCount = 0;

  /** `storeContent`: prompts and completions as well. */
  constructor(storeContent: boolean) {
    this.#storeContent = storeContent;
  }

  /** Adds the span in the row `span` of a scan. */
  add(scan: RequestScan, span: number, durationLow: number, durationHigh: number): void {
    const { spans, reader } = scan;
    const { view } = reader;
    const group = scan.groups[spans[span + SPAN.group] ?? 0];
    if (group === undefined) return;
    const { resource, scope } = group;
    this.rows += 1;
    this.#timestamps.eightBytes(view, spans[span + SPAN.startAt] ?? 0);
    this.#traceIds.hexText(view, spans[span + SPAN.traceAt] ?? 0, 16);
    this.#spanIds.hexText(view, spans[span + SPAN.spanAt] ?? 0, 8);
    this.#parentIds.hexText(view, spans[span + SPAN.parentAt] ?? 0, spans[span + SPAN.parentSize] ?? 0);
    writeText(this.#traceStates, view, spans[span + SPAN.stateAt] ?? 0, spans[span + SPAN.stateSize] ?? 0);
    const name = scan.names[spans[span + SPAN.name] ?? 0];
    if (name !== undefined) this.#names.push(name);
    this.#kinds.push(KIND_TEXTS[spans[span + SPAN.kind] ?? 0] ?? UNKNOWN_KIND);
    this.#services.push(resource.service);
    for (const key of resource.keys) this.#resources.key(key);
    this.#resources.values.raw(resource.values);
    this.#resources.endRow();
    this.#scopeNames.raw(scope.encodedName);
    this.#scopeVersions.raw(scope.encodedVersion);
    this.#addAttributes(
      scan,
      this.#attributes,
      spans[span + SPAN.firstAttribute] ?? 0,
      spans[span + SPAN.attributes] ?? 0,
      NO_EVENT,
    );
    this.#durations.uint32(durationLow);
    this.#durations.uint32(durationHigh);
    this.#statusCodes.push(STATUS_TEXTS[spans[span + SPAN.statusCode] ?? 0] ?? UNSET);
    writeText(
      this.#statusMessages,
      view,
      spans[span + SPAN.messageAt] ?? 0,
      spans[span + SPAN.messageSize] ?? 0,
    );
    this.#addEvents(scan, spans[span + SPAN.firstEvent] ?? 0, spans[span + SPAN.events] ?? 0);
    this.#addLinks(scan, spans[span + SPAN.firstLink] ?? 0, spans[span + SPAN.links] ?? 0);
  }

  /** Writes the block and empties this one. */
  finish(): Uint8Array {
    const out = new ByteColumn();
    const columns = this.#columns();
    out.varUint(columns.length);
    out.varUint(this.rows);
    for (const [name, type, write] of columns) {
      out.raw(encodeText(name));
      out.raw(encodeText(type));
      write(out);
    }
    this.clear();
    return out.take();
  }

  /** Empties the block and keeps its memory. */
  clear(): void {
    for (const column of [
      ...[this.#timestamps, this.#traceIds, this.#spanIds, this.#parentIds, this.#traceStates, this.#names],
      ...[this.#kinds, this.#services, this.#resources, this.#scopeNames, this.#scopeVersions, this.#attributes],
      ...[this.#durations, this.#statusCodes, this.#statusMessages, this.#eventOffsets, this.#eventTimes],
      ...[this.#eventNames, this.#eventAttributes, this.#linkOffsets, this.#linkTraceIds, this.#linkSpanIds],
      ...[this.#linkStates, this.#linkAttributes],
    ])
      column.clear();
    this.rows = 0;
    this.#eventCount = 0;
    this.#linkCount = 0;
  }

  #addAttributes(scan: RequestScan, column: MapColumn, first: number, count: number, eventName: string): void {
    const { attributes, keys, reader, composed } = scan;
    const storeContent = this.#storeContent;
    for (let index = first; index < first + count; index += 1) {
      const row = index * ATTRIBUTE.width;
      const key = keys[attributes[row + ATTRIBUTE.key] ?? 0];
      if (key === undefined) continue;
      if (!storeContent) {
        if (key.isContent) continue;
        if (eventName !== NO_EVENT && key.isEventContent && isContentAttribute(key.name, eventName)) continue;
      }
      column.key(key);
      writeValue(
        column.values,
        reader,
        composed,
        attributes[row + ATTRIBUTE.type] ?? 0,
        attributes[row + ATTRIBUTE.at] ?? 0,
        attributes[row + ATTRIBUTE.size] ?? 0,
      );
    }
    column.endRow();
  }

  #addEvents(scan: RequestScan, first: number, count: number): void {
    this.#eventCount += count;
    this.#eventOffsets.uint64(this.#eventCount);
    const { events, reader } = scan;
    for (let row = first * EVENT.width; row < (first + count) * EVENT.width; row += EVENT.width) {
      const timeAt = events[row + EVENT.timeAt] ?? 0;
      if (timeAt === 0) this.#eventTimes.uint64(0);
      else this.#eventTimes.eightBytes(reader.view, timeAt);
      const name = scan.names[events[row + EVENT.name] ?? 0];
      if (name !== undefined) this.#eventNames.push(name);
      this.#addAttributes(
        scan,
        this.#eventAttributes,
        events[row + EVENT.firstAttribute] ?? 0,
        events[row + EVENT.attributes] ?? 0,
        name?.text ?? NO_EVENT,
      );
    }
  }

  #addLinks(scan: RequestScan, first: number, count: number): void {
    this.#linkCount += count;
    this.#linkOffsets.uint64(this.#linkCount);
    const { links, reader } = scan;
    const { view } = reader;
    for (let row = first * LINK.width; row < (first + count) * LINK.width; row += LINK.width) {
      this.#linkTraceIds.hexText(view, links[row + LINK.traceAt] ?? 0, links[row + LINK.traceSize] ?? 0);
      this.#linkSpanIds.hexText(view, links[row + LINK.spanAt] ?? 0, links[row + LINK.spanSize] ?? 0);
      writeText(this.#linkStates, view, links[row + LINK.stateAt] ?? 0, links[row + LINK.stateSize] ?? 0);
      this.#addAttributes(
        scan,
        this.#linkAttributes,
        links[row + LINK.firstAttribute] ?? 0,
        links[row + LINK.attributes] ?? 0,
        NO_EVENT,
      );
    }
  }

  /** Names, types and writers, as the Collector's ClickHouse exporter has the columns. */
  #columns(): readonly (readonly [name: string, type: string, write: (out: ByteColumn) => void])[] {
    const bytes = (column: ByteColumn) => (out: ByteColumn) => out.raw(column.take());
    const few = (column: LowCardinalityColumn) => (out: ByteColumn) => {
      column.writePrefix(out);
      column.write(out);
    };
    const map = (column: MapColumn) => (out: ByteColumn) => {
      column.writePrefix(out);
      column.write(out);
    };
    const list = (offsets: ByteColumn, column: ByteColumn | LowCardinalityColumn | MapColumn) => (out: ByteColumn) => {
      if (!(column instanceof ByteColumn)) column.writePrefix(out);
      out.raw(offsets.take());
      if (column instanceof ByteColumn) out.raw(column.take());
      else column.write(out);
    };
    return [
      ["Timestamp", NANOSECONDS, bytes(this.#timestamps)],
      ["TraceId", "String", bytes(this.#traceIds)],
      ["SpanId", "String", bytes(this.#spanIds)],
      ["ParentSpanId", "String", bytes(this.#parentIds)],
      ["TraceState", "String", bytes(this.#traceStates)],
      ["SpanName", LOW_CARDINALITY, few(this.#names)],
      ["SpanKind", LOW_CARDINALITY, few(this.#kinds)],
      ["ServiceName", LOW_CARDINALITY, few(this.#services)],
      ["ResourceAttributes", ATTRIBUTES_TYPE, map(this.#resources)],
      ["ScopeName", "String", bytes(this.#scopeNames)],
      ["ScopeVersion", "String", bytes(this.#scopeVersions)],
      ["SpanAttributes", ATTRIBUTES_TYPE, map(this.#attributes)],
      ["Duration", "UInt64", bytes(this.#durations)],
      ["StatusCode", LOW_CARDINALITY, few(this.#statusCodes)],
      ["StatusMessage", "String", bytes(this.#statusMessages)],
      ["Events.Timestamp", `Array(${NANOSECONDS})`, list(this.#eventOffsets, this.#eventTimes)],
      ["Events.Name", `Array(${LOW_CARDINALITY})`, list(this.#eventOffsets, this.#eventNames)],
      ["Events.Attributes", `Array(${ATTRIBUTES_TYPE})`, list(this.#eventOffsets, this.#eventAttributes)],
      ["Links.TraceId", "Array(String)", list(this.#linkOffsets, this.#linkTraceIds)],
      ["Links.SpanId", "Array(String)", list(this.#linkOffsets, this.#linkSpanIds)],
      ["Links.TraceState", "Array(String)", list(this.#linkOffsets, this.#linkStates)],
      ["Links.Attributes", `Array(${ATTRIBUTES_TYPE})`, list(this.#linkOffsets, this.#linkAttributes)],
    ];
  }
}
