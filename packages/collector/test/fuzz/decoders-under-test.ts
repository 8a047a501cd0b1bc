import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { CALL_LAYOUT, encodeBlock, SPAN_LAYOUT, type TableLayout } from "@spancost/clickhouse";
import { ATTRIBUTION_KEYS } from "@spancost/core";
import { getDefaultPricer } from "@spancost/rates";
import { RequestEncoder } from "../../src/hot/request-encoder.ts";
import { checkWire } from "../../src/otlp/check-wire.ts";
import { decodeJson } from "../../src/otlp/decode-json.ts";
import { decodeProtobuf } from "../../src/otlp/decode-protobuf.ts";
import { ExportTraceServiceRequestSchema } from "../../src/otlp/generated/otlp-trace_pb.ts";
import { OtlpDecodeError } from "../../src/otlp/otlp-decode-error.ts";
import type { OtlpSpan } from "../../src/otlp/trace-data.ts";
import { findSpanIssue } from "../../src/pipeline/span-issue.ts";
import { createTimeWindow } from "../../src/pipeline/time-window.ts";
import { type CallContext, toCallRow } from "../../src/pipeline/to-call-row.ts";
import { toSpanRow } from "../../src/pipeline/to-span-row.ts";
import { NOW_UNIX_MS } from "./request-model.ts";

const NO_BYTES = new Uint8Array(0);

/** What a body became: blocks in ClickHouse's Native format, one or more of each table or none, and the spans that were rejected. */
export interface DecodedBody {
  readonly spans: Uint8Array;
  readonly calls: Uint8Array;
  /** Counts by reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Spans that were accepted and are too old to be kept. */
  readonly notKept: number;
  /** The tenants' hours that got calls, each once, in the order of texts. */
  readonly hours: readonly string[];
}

/** A way from a body to rows. It may keep state from one body to the next, but nothing of that may be seen in the rows. */
export interface DecoderUnderTest {
  readonly name: string;
  /** A decoder that is known to look at nothing but the body, and costs time: it is not given every body. */
  readonly isGenerated?: boolean;
  /** @throws OtlpDecodeError when the body is damaged; anything else thrown is a fault of the decoder */
  decode(body: Uint8Array): DecodedBody | "not-understood";
}

/** What every decoder is to assume. */
const CONTEXT: CallContext & { readonly storeContent: boolean } = {
  attributionKeys: ATTRIBUTION_KEYS,
  labels: ["team"],
  pricer: getDefaultPricer(),
  storeContent: false,
};
const WINDOW = createTimeWindow(NOW_UNIX_MS, { ledgerDays: 45, spansDays: 30 });

/** The cold path, which says what is right: the generated decoder, and a row object a span. */
export const ORACLE: DecoderUnderTest = {
  name: "cold path",
  isGenerated: true,
  decode: (body) => toBlocks(decodeProtobuf(body)),
};

/**
 * The generated decoder given the whole body at once, and what it made of it encoded again: plain bytes that mean the same. It does not
 * look at the wire types of fields that it knows, so bodies in which one is unexpected are not for it.
 */
const WHOLE_BODY: DecoderUnderTest = {
  name: "whole body, generated",
  isGenerated: true,
  decode(body) {
    if (checkWire(body) !== body) return "not-understood";
    const request = fromBinary(ExportTraceServiceRequestSchema, body, {
      readUnknownFields: false,
      recursionLimit: 200,
    });
    return toBlocks(decodeProtobuf(toBinary(ExportTraceServiceRequestSchema, request)));
  },
};

/** The hot path; its encoder remembers keys, texts and forms of spans from body to body, and is replaced when it knows too many. */
export function createHotPath(): DecoderUnderTest {
  let encoder = new RequestEncoder(CONTEXT);
  return {
    name: "hot path",
    decode(body) {
      if (encoder.isFull) encoder = new RequestEncoder(CONTEXT);
      const decoded = decodeHot(encoder, body);
      if (decoded !== "not-understood" || !encoder.isFull) return decoded;
      // The body had the one text too many. The cold path would take it; here it shall not seem that its surroundings mattered.
      encoder = new RequestEncoder(CONTEXT);
      return decodeHot(encoder, body);
    },
  };
}

function decodeHot(encoder: RequestEncoder, body: Uint8Array): DecodedBody | "not-understood" {
  const segment = encoder.createSegment();
  const encoded = encoder.encode(body, segment, WINDOW);
  const { partitions, hours } = segment.close();
  if (encoded === null) return "not-understood";
  const blocksOf = (name: string) =>
    Buffer.concat(partitions.flatMap(({ table, blocks }) => (table === name ? blocks : [])));
  return {
    spans: blocksOf("otel_traces"),
    calls: blocksOf("llm_calls"),
    rejected: Object.fromEntries(encoded.rejected),
    notKept: encoded.notKept,
    hours: hours.map(hourText).sort(),
  };
}

/** Decoders that must give the same rows as the oracle, or say that they do not understand a body. New ones go here. */
export const DECODERS: readonly DecoderUnderTest[] = [createHotPath(), WHOLE_BODY];

/** The rows of a request in OTLP's JSON encoding. */
export function decodeJsonToBlocks(text: string): DecodedBody {
  return toBlocks(decodeJson(text));
}

function toBlocks(all: readonly OtlpSpan[]): DecodedBody {
  const rejected: Record<string, number> = {};
  const spans = all.filter((span) => {
    const issue = findSpanIssue(span, WINDOW);
    if (issue !== null) rejected[issue] = (rejected[issue] ?? 0) + 1;
    return issue === null;
  });
  const kept = spans.filter(({ startTimeUnixNano }) => startTimeUnixNano >= WINDOW.spansFromUnixNano);
  const calls = spans.flatMap((span) => toCallRow(span, CONTEXT) ?? []);
  return {
    spans: encodeRows(
      SPAN_LAYOUT,
      kept.map((span) => toSpanRow(span, CONTEXT.storeContent)),
    ),
    calls: encodeRows(CALL_LAYOUT, calls),
    rejected,
    notKept: spans.length - kept.length,
    hours: [...new Set(calls.map(hourText))].sort(),
  };
}

function hourText({ tenantId, hourUnix }: { readonly tenantId: string; readonly hourUnix: number }): string {
  return `${hourUnix} ${tenantId}`;
}

function encodeRows<Row>(layout: TableLayout<Row>, rows: readonly Row[]): Uint8Array {
  return rows.length === 0 ? NO_BYTES : encodeBlock(layout, rows);
}

/** Runs a decoder; a damaged body is an outcome like another. */
export function runDecoder(
  decoder: DecoderUnderTest,
  body: Uint8Array,
): DecodedBody | "not-understood" | OtlpDecodeError {
  try {
    return decoder.decode(body);
  } catch (error) {
    if (error instanceof OtlpDecodeError) return error;
    throw error;
  }
}
