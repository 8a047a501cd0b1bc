import type { CallRow, SpanRow } from "@spancost/clickhouse";
import type { ExportRequest } from "../accept-export.ts";
import type { EncodedSpans, EncoderOptions } from "../hot/request-encoder.ts";
import type { RowSegment } from "../hot/blocks/row-segment.ts";
import { decodeJson } from "../otlp/decode-json.ts";
import { decodeProtobuf } from "../otlp/decode-protobuf.ts";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import { countRepeatedBytes } from "../pipeline/check-repetition.ts";
import type { RecentCalls } from "../pipeline/recent-calls.ts";
import { findSpanIssue, type SpanIssue } from "../pipeline/span-issue.ts";
import type { TimeWindow } from "../pipeline/time-window.ts";
import { toCallRow } from "../pipeline/to-call-row.ts";
import { toSpanRow } from "../pipeline/to-span-row.ts";
import { findForeignSpan, ownCall } from "./reject-of-others.ts";

interface Rows {
  readonly spans: { readonly row: SpanRow; readonly unixSeconds: number }[];
  readonly calls: CallRow[];
}

const NANOS_PER_SECOND = 1_000_000_000n;

/** What became of a request's spans, and what is wrong with the first of them that could not be read. */
export interface ColdSpans extends EncodedSpans {
  malformed?: string;
}

/**
 * The path for what the hot one does not read: JSON, unusual protobuf, and senders that are bound to tenants or services. Rows are added
 * to the segment when all of them are made.
 * @throws OtlpDecodeError when the body is no export request
 */
export function encodeCold(
  request: ExportRequest,
  segment: RowSegment,
  window: TimeWindow,
  options: EncoderOptions,
  recentCalls: RecentCalls,
): ColdSpans {
  const rows: Rows = { spans: [], calls: [] };
  const spans = decode(request);
  const repeatedBytes = countRepeatedBytes(spans);
  const encoded: ColdSpans = { accepted: 0, calls: 0, notKept: 0, repeatedBytes, rejected: new Map() };
  for (const span of spans) {
    const issue = findSpanIssue(span, window) ?? addSpan(span, request, window, options, rows, encoded);
    if (span.malformed !== undefined) encoded.malformed ??= span.malformed;
    if (issue !== null) encoded.rejected.set(issue, (encoded.rejected.get(issue) ?? 0) + 1);
  }
  for (const { row, unixSeconds } of rows.spans) segment.addSpan(row, unixSeconds);
  for (const row of rows.calls) {
    segment.addCall(row);
    recentCalls.noteRow(row);
  }
  return encoded;
}

function addSpan(
  span: OtlpSpan,
  { sender }: ExportRequest,
  window: TimeWindow,
  options: EncoderOptions,
  rows: Rows,
  encoded: EncodedSpans,
): SpanIssue | null {
  const issue = findForeignSpan(span, sender, options);
  if (issue !== null) return issue;
  if (toCallRow(span, options) !== null) {
    const own = ownCall(span, sender, options);
    const call = own === null ? null : toCallRow(own, options);
    if (call === null) return "tenant-not-allowed";
    rows.calls.push(call);
    encoded.calls += 1;
  }
  encoded.accepted += 1;
  if (span.startTimeUnixNano < window.spansFromUnixNano) encoded.notKept += 1;
  else {
    const unixSeconds = Number(span.startTimeUnixNano / NANOS_PER_SECOND);
    rows.spans.push({ row: toSpanRow(span, options.storeContent), unixSeconds });
  }
  return null;
}

function decode({ body, encoding }: ExportRequest): OtlpSpan[] {
  return encoding === "protobuf"
    ? decodeProtobuf(body)
    : decodeJson(Buffer.from(body.buffer, body.byteOffset, body.length).toString("utf8"));
}
