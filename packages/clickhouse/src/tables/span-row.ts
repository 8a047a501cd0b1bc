import { array, DATE_TIME_64, STRING, STRING_MAP, UINT64 } from "../native/column-types.ts";
import { column, type TableLayout } from "../native/table-layout.ts";

/** Attributes as the store keeps them: texts, in the order they came. */
export type TextEntries = readonly (readonly [key: string, value: string])[];

/** One span, as a row of `otel_traces`. */
export interface SpanRow {
  readonly startTimeUnixNano: bigint;
  readonly durationNano: bigint;
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits. */
  readonly spanId: string;
  /** As `spanId`, or "" for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: string;
  readonly serviceName: string;
  readonly resourceAttributes: TextEntries;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly attributes: TextEntries;
  readonly statusCode: string;
  readonly statusMessage: string;
  readonly events: readonly {
    readonly timeUnixNano: bigint;
    readonly name: string;
    readonly attributes: TextEntries;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceState: string;
    readonly attributes: TextEntries;
  }[];
}

/** Columns and texts as the OpenTelemetry Collector's ClickHouse exporter writes them. */
export const SPAN_LAYOUT: TableLayout<SpanRow> = {
  table: "spancost.otel_traces",
  columns: [
    column("Timestamp", DATE_TIME_64, (row) => row.startTimeUnixNano),
    column("TraceId", STRING, (row) => row.traceId),
    column("SpanId", STRING, (row) => row.spanId),
    column("ParentSpanId", STRING, (row) => row.parentSpanId),
    column("TraceState", STRING, (row) => row.traceState),
    column("SpanName", STRING, (row) => row.name),
    column("SpanKind", STRING, (row) => row.kind),
    column("ServiceName", STRING, (row) => row.serviceName),
    column("ResourceAttributes", STRING_MAP, (row) => row.resourceAttributes),
    column("ScopeName", STRING, (row) => row.scopeName),
    column("ScopeVersion", STRING, (row) => row.scopeVersion),
    column("SpanAttributes", STRING_MAP, (row) => row.attributes),
    column("Duration", UINT64, (row) => row.durationNano),
    column("StatusCode", STRING, (row) => row.statusCode),
    column("StatusMessage", STRING, (row) => row.statusMessage),
    column("Events.Timestamp", array(DATE_TIME_64), (row) => row.events.map((event) => event.timeUnixNano)),
    column("Events.Name", array(STRING), (row) => row.events.map((event) => event.name)),
    column("Events.Attributes", array(STRING_MAP), (row) => row.events.map((event) => event.attributes)),
    column("Links.TraceId", array(STRING), (row) => row.links.map((link) => link.traceId)),
    column("Links.SpanId", array(STRING), (row) => row.links.map((link) => link.spanId)),
    column("Links.TraceState", array(STRING), (row) => row.links.map((link) => link.traceState)),
    column("Links.Attributes", array(STRING_MAP), (row) => row.links.map((link) => link.attributes)),
  ],
};
