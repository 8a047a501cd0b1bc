import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ATTRIBUTION_KEYS } from "@spancost/core";
import { getDefaultPricer } from "@spancost/rates";
// By path, so that a worker of plain Node loads no engine.
import { encodeBlock } from "../../../clickhouse/src/native/table-layout.ts";
import { CALL_LAYOUT } from "../../../clickhouse/src/tables/call-row.ts";
import { SPAN_LAYOUT } from "../../../clickhouse/src/tables/span-row.ts";
import { checkWire } from "../../src/otlp/check-wire.ts";
import { decodeJson } from "../../src/otlp/decode-json.ts";
import { decodeProtobuf } from "../../src/otlp/decode-protobuf.ts";
import { ExportTraceServiceRequestSchema } from "../../src/otlp/generated/otlp-trace_pb.ts";
import { OtlpDecodeError } from "../../src/otlp/otlp-decode-error.ts";
import type { OtlpSpan } from "../../src/otlp/trace-data.ts";
import { findSpanIssue } from "../../src/pipeline/span-issue.ts";
import { type CallContext, toCallRow } from "../../src/pipeline/to-call-row.ts";
import { toSpanRow } from "../../src/pipeline/to-span-row.ts";
import { NOW_UNIX_MS } from "./request-model.ts";

/** What a body became: blocks in ClickHouse's Native format, one or more of each table or none, and the spans that were rejected. */
export interface DecodedBody {
  readonly spans: Uint8Array;
  readonly calls: Uint8Array;
  /** Counts by reason. */
  readonly rejected: Readonly<Record<string, number>>;
}

/** A way from a body to rows. It may keep state from one body to the next, but nothing of that may be seen in the rows. */
export interface DecoderUnderTest {
  readonly name: string;
  /** @throws OtlpDecodeError when the body is damaged; anything else thrown is a fault of the decoder */
  decode(body: Uint8Array): DecodedBody | "not-understood";
}

/** What every decoder is to assume. */
export const CONTEXT: CallContext & { readonly storeContent: boolean; readonly nowUnixMs: number } = {
  attributionKeys: ATTRIBUTION_KEYS,
  labels: ["team"],
  pricer: getDefaultPricer(),
  storeContent: false,
  nowUnixMs: NOW_UNIX_MS,
};

/** The cold path, which says what is right: the generated decoder, and a row object a span. */
export const ORACLE: DecoderUnderTest = {
  name: "cold path",
  decode: (body) => toBlocks(decodeProtobuf(body)),
};

/**
 * The generated decoder given the whole body at once, and what it made of it encoded again: plain bytes that mean the same. It does not
 * look at the wire types of fields that it knows, so bodies in which one is unexpected are not for it.
 */
const WHOLE_BODY: DecoderUnderTest = {
  name: "whole body, generated",
  decode(body) {
    if (checkWire(body) !== body) return "not-understood";
    const request = fromBinary(ExportTraceServiceRequestSchema, body, {
      readUnknownFields: false,
      recursionLimit: 200,
    });
    return toBlocks(decodeProtobuf(toBinary(ExportTraceServiceRequestSchema, request)));
  },
};

/** Decoders that must give the same rows as the oracle, or say that they do not understand a body. THE HOT PATH GOES HERE. */
export const DECODERS: readonly DecoderUnderTest[] = [WHOLE_BODY];

/** The rows of a request in OTLP's JSON encoding. */
export function decodeJsonToBlocks(text: string): DecodedBody {
  return toBlocks(decodeJson(text));
}

function toBlocks(all: readonly OtlpSpan[]): DecodedBody {
  const rejected: Record<string, number> = {};
  const spans = all.filter((span) => {
    const issue = findSpanIssue(span, CONTEXT.nowUnixMs);
    if (issue !== null) rejected[issue] = (rejected[issue] ?? 0) + 1;
    return issue === null;
  });
  const calls = spans.flatMap((span) => toCallRow(span, CONTEXT) ?? []);
  return {
    spans: encodeBlock(
      SPAN_LAYOUT,
      spans.map((span) => toSpanRow(span, CONTEXT.storeContent)),
    ),
    calls: encodeBlock(CALL_LAYOUT, calls),
    rejected,
  };
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
