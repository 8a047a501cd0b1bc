import { CALL_LAYOUT, encodeBlock, SPAN_LAYOUT } from "@spancost/clickhouse";
import { ATTRIBUTION_KEYS } from "@spancost/core";
import { createPricer, getDefaultPricer } from "@spancost/rates";
import { describe, expect, it } from "vitest";
import { createBatch, type Producer } from "../../bench/batch/create-batch.ts";
import { encodeRequest, type JsonAttribute, type JsonRequest, type JsonSpan } from "../../bench/batch/encode-otlp.ts";
import { type EncoderOptions, RequestEncoder } from "../../src/hot/request-encoder.ts";
import type { ClosedSegment } from "../../src/hot/blocks/row-segment.ts";
import { decodeProtobuf } from "../../src/otlp/decode-protobuf.ts";
import { RecentCalls } from "../../src/pipeline/recent-calls.ts";
import { createTimeWindow } from "../../src/pipeline/time-window.ts";
import { toCallRow } from "../../src/pipeline/to-call-row.ts";
import { toSpanRow } from "../../src/pipeline/to-span-row.ts";
import { bytes, fieldKey, fixed64, message, rawVarint, text } from "../fuzz/wire-writer.ts";
import { LEDGER_DEFAULTS } from "../native/ledger-defaults.ts";
import { findDifference, readNativeBlocks } from "../native/read-native-blocks.ts";

const NOW = Date.UTC(2026, 10, 20, 12);
const WINDOW = createTimeWindow(NOW, { ledgerDays: 400, spansDays: 30 });
const OPTIONS: EncoderOptions = {
  attributionKeys: ATTRIBUTION_KEYS,
  labels: [],
  pricer: getDefaultPricer(),
  storeContent: false,
};
const PRODUCERS: readonly Producer[] = ["spancost", "openllmetry", "openinference", "http"];

/** The rows of a segment, and those that the cold path makes of bodies. */
function compareWithColdPath(segment: ClosedSegment, bodies: readonly Uint8Array[], options = OPTIONS): string | null {
  const spans = bodies.flatMap((body) => decodeProtobuf(body));
  const rowsOf = (table: string) =>
    readNativeBlocks(
      Buffer.concat(segment.partitions.flatMap((each) => (each.table === table ? each.blocks : []))),
      table === "llm_calls" ? LEDGER_DEFAULTS : [],
    );
  const expectedSpans = encodeBlock(
    SPAN_LAYOUT,
    spans.map((span) => toSpanRow(span, options.storeContent)),
  );
  const calls = spans.flatMap((span) => toCallRow(span, options) ?? []);
  const expectedCalls = calls.length === 0 ? Buffer.alloc(0) : encodeBlock(CALL_LAYOUT, calls);
  return (
    findDifference(readNativeBlocks(expectedSpans), rowsOf("otel_traces")) ??
    findDifference(readNativeBlocks(expectedCalls), rowsOf("llm_calls"))
  );
}

function encodeAll(encoder: RequestEncoder, bodies: readonly Uint8Array[]): ClosedSegment {
  const segment = encoder.createSegment();
  for (const body of bodies) encoder.encode(body, segment, WINDOW);
  return segment.close();
}

/** The same request with its spans changed. */
function change(request: JsonRequest, edit: (span: JsonSpan, index: number) => Partial<JsonSpan>): JsonRequest {
  return {
    resourceSpans: request.resourceSpans.map((ofResource) => ({
      ...ofResource,
      scopeSpans: ofResource.scopeSpans.map((ofScope) => ({
        ...ofScope,
        spans: ofScope.spans.map((span, index) => ({ ...span, ...edit(span, index) })),
      })),
    })),
  };
}

function set(span: JsonSpan, key: string, value: JsonAttribute["value"]): readonly JsonAttribute[] {
  return [...span.attributes.filter((attribute) => attribute.key !== key), { key, value }];
}

/** What can be different on one span among others of its form. */
const CHANGES: Readonly<Record<string, (span: JsonSpan, index: number) => Partial<JsonSpan>>> = {
  "an attribute more": (span) => ({ attributes: set(span, "app.extra.attribute", { stringValue: "x" }) }),
  "an attribute less": (span) => ({ attributes: span.attributes.slice(0, -1) }),
  "another order": (span) => ({ attributes: span.attributes.toReversed() }),
  "a tenant with spaces around": (span) => ({ attributes: set(span, "tenant_id", { stringValue: " acme " }) }),
  "a tenant that is not ASCII": (span) => ({ attributes: set(span, "tenant_id", { stringValue: "ünïcode" }) }),
  "a tenant that is empty": (span) => ({ attributes: set(span, "tenant_id", { stringValue: "" }) }),
  "a tenant that is a number": (span) => ({ attributes: set(span, "tenant_id", { intValue: "42" }) }),
  "a very long tenant": (span) => ({ attributes: set(span, "tenant_id", { stringValue: "t".repeat(600) }) }),
  "a long text": (span) => ({ attributes: set(span, "app.region.of.call", { stringValue: "é".repeat(200) }) }),
  "a model nobody knows": (span) => ({ attributes: set(span, "gen_ai.response.model", { stringValue: "nobody-1" }) }),
  "tokens that cannot be": (span) => ({ attributes: set(span, "gen_ai.usage.output_tokens", { intValue: "1" }) }),
  "tokens as a double": (span) => ({ attributes: set(span, "gen_ai.usage.input_tokens", { doubleValue: 1_500 }) }),
  "tokens that are no number": (span) => ({
    attributes: set(span, "gen_ai.usage.input_tokens", { doubleValue: Number.NaN }),
  }),
  "tokens as a text": (span) => ({ attributes: set(span, "gen_ai.usage.input_tokens", { stringValue: "1500" }) }),
  "a great many tokens": (span) => ({ attributes: set(span, "gen_ai.usage.input_tokens", { intValue: "3000000000" }) }),
  "a prompt": (span) => ({ attributes: set(span, "gen_ai.prompt.0.content", { stringValue: "a secret" }) }),
  "an error": (span) => ({
    status: { code: 2 },
    attributes: set(span, "error.type", { stringValue: "429" }),
  }),
  "a recorded cost": (span) => ({ attributes: set(span, "spancost.cost.kind", { stringValue: "pinecone" }) }),
  "a key of its own": (span) => ({ attributes: set(span, "spancost.key", { stringValue: "k-1" }) }),
  "a cost of the provider's": (span) => ({
    attributes: set(
      { ...span, attributes: set(span, "gen_ai.usage.cost.source", { stringValue: "provider" }) },
      "gen_ai.usage.cost.amount",
      { doubleValue: 0.25 },
    ),
  }),
  "another hour": (span, index) => ({
    startTimeUnixNano: String(BigInt(span.startTimeUnixNano) - BigInt(index) * 1_800_000_000_000n),
  }),
  "an end before its start": () => ({ endTimeUnixNano: "1" }),
  "a name of its own": (span, index) => ({ name: `${span.name} ${index}` }),
};

describe("the hot path", () => {
  it.each(PRODUCERS)("writes what the cold path writes for spans of one form, again and again (%s)", (producer) => {
    const encoder = new RequestEncoder(OPTIONS);
    for (let round = 0; round < 4; round += 1) {
      const bodies = [40, 7, 1].map((spans) => encodeRequest(createBatch(producer, spans, NOW - round * 3_600_000)));
      const segment = encodeAll(encoder, bodies);
      expect(compareWithColdPath(segment, bodies)).toBeNull();
      segment.release();
    }
  });

  it.each(Object.entries(CHANGES))("sees %s on one of many spans of a form", (_, edit) => {
    const encoder = new RequestEncoder(OPTIONS);
    for (const producer of PRODUCERS) {
      const plain = createBatch(producer, 12, NOW);
      const changed = change(plain, (span, index) => (index % 5 === 3 ? edit(span, index) : {}));
      const bodies = [plain, changed, plain, changed].map(encodeRequest);
      const segment = encodeAll(encoder, bodies);
      expect(compareWithColdPath(segment, bodies), producer).toBeNull();
      segment.release();
    }
  });

  it("reads whole numbers in more bytes than they need, in a form of spans that is new to it", () => {
    const value = Buffer.concat([fieldKey(3, 0), rawVarint(127n, 3)]);
    const tokens = message(text(1, "gen_ai.usage.input_tokens"), bytes(2, value));
    const startNano = BigInt(NOW) * 1_000_000n;
    const attributes = [
      bytes(9, message(text(1, "gen_ai.request.model"), bytes(2, text(1, "gpt-5")))),
      bytes(9, tokens),
    ];
    const span = message(
      bytes(1, Buffer.alloc(16, 1)),
      bytes(2, Buffer.alloc(8, 2)),
      text(5, "chat"),
      fixed64(7, startNano),
      fixed64(8, startNano + 1n),
      ...attributes,
    );
    const body = bytes(1, bytes(2, bytes(2, span)));
    const encoder = new RequestEncoder(OPTIONS);
    const segment = encoder.createSegment();
    expect(encoder.encode(body, segment, WINDOW)).toMatchObject({ accepted: 1, calls: 1 });
    expect(compareWithColdPath(segment.close(), [body])).toBeNull();
  });

  it("leaves attributes that stand apart to the cold path, whether or not it knows a form of the first ones", () => {
    const startNano = BigInt(NOW) * 1_000_000n;
    const attribute = (key: string, value: string) => bytes(9, message(text(1, key), bytes(2, text(1, value))));
    const model = attribute("gen_ai.request.model", "gpt-5");
    const span = (...rest: Buffer[]) =>
      message(bytes(1, Buffer.alloc(16, 1)), bytes(2, Buffer.alloc(8, 2)), fixed64(7, startNano), ...rest);
    const toBody = (each: Buffer) => bytes(1, bytes(2, bytes(2, each)));
    const apart = toBody(span(model, text(5, "chat"), attribute("gen_ai.response.model", "gpt-5")));
    const encoder = new RequestEncoder(OPTIONS);
    const segment = encoder.createSegment();
    expect(encoder.encode(apart, segment, WINDOW)).toBeNull();
    expect(encoder.encode(toBody(span(model, text(5, "chat"))), segment, WINDOW)).toMatchObject({ accepted: 1 });
    expect(encoder.encode(apart, segment, WINDOW)).toBeNull();
  });

  it("takes back what a body has added before it turns out not to be understood", () => {
    const encoder = new RequestEncoder(OPTIONS);
    const good = PRODUCERS.map((producer) => encodeRequest(createBatch(producer, 20, NOW)));
    const bad = good.map((body) => body.subarray(0, body.length - 3));
    const segment = encodeAll(
      encoder,
      [bad[0], good[0], bad[1], bad[2], good[1], good[3], bad[3], good[2]].flatMap((body) => body ?? []),
    );
    expect(compareWithColdPath(segment, good)).toBeNull();
  });

  it("keeps labels, and prompts where they are asked for", () => {
    const options = { ...OPTIONS, labels: ["app.region", "plan"], storeContent: true };
    const encoder = new RequestEncoder(options);
    for (const producer of PRODUCERS) {
      const request = change(createBatch(producer, 10, NOW), (span, index) => ({
        attributes: set(
          { ...span, attributes: set(span, "gen_ai.prompt.0.content", { stringValue: `prompt ${index}` }) },
          "spancost.label.plan",
          index % 3 === 0 ? { intValue: "7" } : { stringValue: `plan-${index}` },
        ),
      }));
      const bodies = [request, request].map(encodeRequest);
      expect(compareWithColdPath(encodeAll(encoder, bodies), bodies, options), producer).toBeNull();
    }
  });

  it("prices each call by the contract of its own moment, also when that begins within a minute", () => {
    const pricer = createPricer({
      contracts: [{ name: "new", provider: "openai", from: "2026-11-20T12:00:30.250Z", discountPercent: "50" }],
    });
    const options = { ...OPTIONS, pricer };
    const request = change(createBatch("spancost", 120, NOW), (_, index) => ({
      startTimeUnixNano: String(BigInt(NOW) * 1_000_000n + BigInt(index) * 500_125_000n - 1n),
    }));
    const body = encodeRequest(request);
    expect(compareWithColdPath(encodeAll(new RequestEncoder(options), [body]), [body], options)).toBeNull();
  });

  it("tells a redelivery from a call with other contents, whichever path a call comes by", () => {
    const recentCalls = new RecentCalls();
    const encoder = new RequestEncoder(OPTIONS, recentCalls);
    const request = createBatch("spancost", 10, NOW);
    encodeAll(encoder, [encodeRequest(request), encodeRequest(request)]);
    expect(recentCalls.counts).toEqual({ duplicate: 10, conflicting: 0 });
    for (const span of decodeProtobuf(encodeRequest(request))) {
      const row = toCallRow(span, OPTIONS);
      if (row !== null) recentCalls.noteRow(row);
    }
    expect(recentCalls.counts).toEqual({ duplicate: 20, conflicting: 0 });
    const other = change(request, (span) => ({ attributes: set(span, "tenant_id", { stringValue: "somebody-else" }) }));
    encodeAll(encoder, [encodeRequest(other)]);
    expect(recentCalls.counts).toEqual({ duplicate: 20, conflicting: 10 });
  });
});
