import { createPricer } from "@spancost/rates";
import type { ExportRequest, IngestOptions, Sender } from "../../src/index.ts";
import { UNBOUND_SENDER } from "../../src/index.ts";
import { bytes, fixed64, message, text, varint } from "../fuzz/wire-writer.ts";

/** What a test says of a span; everything else is that of a plain call of gpt-5-mini, which costs 0.00045 USD. */
export interface TestSpan {
  readonly id: number;
  readonly tenant?: string;
  readonly inputTokens?: number;
  readonly startMs?: number;
  readonly isCall?: boolean;
}

const SCOPE = "@opentelemetry/instrumentation-openai";
const NANOS_PER_MS = 1_000_000n;

export function spanIdOf(id: number): string {
  return id.toString(16).padStart(16, "0");
}

function attributesOf({ tenant, inputTokens = 1_000, isCall = true }: TestSpan): [string, string | number][] {
  const call: [string, string | number][] = [
    ["gen_ai.operation.name", "chat"],
    ["gen_ai.provider.name", "openai"],
    ["gen_ai.request.model", "gpt-5-mini"],
    ["gen_ai.usage.input_tokens", inputTokens],
    ["gen_ai.usage.output_tokens", 100],
  ];
  return [...(tenant === undefined ? [] : [["tenant_id", tenant] as [string, string]]), ...(isCall ? call : [])];
}

/** An export request in protobuf. */
export function protobufOf(spans: readonly TestSpan[], service = "shop"): Buffer {
  const resource = bytes(1, message(attribute(1, "service.name", service)));
  const scopeSpans = bytes(
    2,
    message(bytes(1, message(text(1, SCOPE))), ...spans.map((span) => bytes(2, encodeSpan(span)))),
  );
  return message(bytes(1, message(resource, scopeSpans)));
}

function encodeSpan(span: TestSpan): Buffer {
  const start = BigInt(span.startMs ?? Date.now()) * NANOS_PER_MS;
  return message(
    bytes(1, Buffer.from(spanIdOf(span.id).padStart(32, "a"), "hex")),
    bytes(2, Buffer.from(spanIdOf(span.id), "hex")),
    text(5, "chat gpt-5-mini"),
    varint(6, 3n),
    fixed64(7, start),
    fixed64(8, start + NANOS_PER_MS),
    ...attributesOf(span).map(([key, value]) => attribute(9, key, value)),
  );
}

function attribute(field: number, key: string, value: string | number): Buffer {
  const any = typeof value === "string" ? message(text(1, value)) : message(varint(3, BigInt(value)));
  return bytes(field, message(text(1, key), bytes(2, any)));
}

/** The same in JSON. */
export function jsonOf(spans: readonly TestSpan[], service = "shop"): Buffer {
  const toValue = (value: string | number) =>
    typeof value === "string" ? { stringValue: value } : { intValue: value };
  const toSpan = (span: TestSpan) => {
    const start = BigInt(span.startMs ?? Date.now()) * NANOS_PER_MS;
    return {
      traceId: spanIdOf(span.id).padStart(32, "a"),
      spanId: spanIdOf(span.id),
      name: "chat gpt-5-mini",
      kind: 3,
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + NANOS_PER_MS),
      attributes: attributesOf(span).map(([key, value]) => ({ key, value: toValue(value) })),
    };
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
  const scopeSpans = [{ scope: { name: SCOPE }, spans: spans.map(toSpan) }];
  return Buffer.from(JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] }));
}

export function requestOf(
  body: Buffer,
  encoding: "protobuf" | "json" = "protobuf",
  sender: Sender = UNBOUND_SENDER,
): ExportRequest {
  return { body, encoding, sender };
}

/** A pipeline as the server's defaults make it. */
export function pipelineOptions(): Omit<IngestOptions, "spool" | "logger"> {
  return {
    pricer: createPricer(),
    attributionKeys: { tenantId: "tenant_id", userId: "user_id", feature: "feature" },
    labels: [],
    storeContent: false,
    retention: { ledgerDays: 400, spansDays: 30 },
  };
}
