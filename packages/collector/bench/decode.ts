// From a request's bytes to ClickHouse's Native blocks, usage and cost included, against `JSON.parse` of the same spans alone.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { ATTRIBUTION_KEYS } from "@spancost/core";
import { createPricer } from "@spancost/rates";
import { compare } from "../../../.config/bench/compare.ts";
import { RequestEncoder } from "../dist/hot/request-encoder.js";
import { decodeProtobuf } from "../dist/otlp/decode-protobuf.js";
import { createTimeWindow } from "../dist/pipeline/time-window.js";
import { toCallRow } from "../dist/pipeline/to-call-row.js";
import { unpackGzip } from "../dist/receiver/unpack-gzip.js";
import { createBatch, type Producer } from "./batch/create-batch.ts";
import { encodeRequest, type JsonRequest } from "./batch/encode-otlp.ts";

const SPANS = 512;
/** Requests that go into one segment, as they do when they arrive while another segment is being written. */
const REQUESTS_A_SEGMENT = 8;
/** Three times the spans of `JSON.parse` in the same time. */
const AIM = 0.333;
const MAX_BODY_BYTES = 20_971_520;
const NOW = Date.now();
const window = createTimeWindow(NOW, { ledgerDays: 400, spansDays: 30 });
const context = { pricer: createPricer(), attributionKeys: ATTRIBUTION_KEYS, labels: [] };

for (const producer of ["spancost", "openllmetry", "openinference", "http", "mixed"] as const) {
  const requests = Array.from({ length: REQUESTS_A_SEGMENT }, () => createRequest(producer));
  const texts = requests.map((request) => JSON.stringify(request));
  const bodies = requests.map(encodeRequest);
  const [packedTexts, packedBodies] = [texts.map((text) => gzipSync(text)), bodies.map((body) => gzipSync(body))];
  const encoder = new RequestEncoder({ ...context, storeContent: false });
  const encode = (all: readonly Uint8Array[]) => {
    const segment = encoder.createSegment();
    const calls = all.reduce((sum, body) => sum + (encoder.encode(body, segment, window)?.calls ?? Number.NaN), 0);
    const closed = segment.close();
    const rows = closed.partitions.reduce((sum, partition) => sum + partition.rows, 0);
    closed.release();
    return { calls, rows };
  };
  // The cold path says how many rows there are to be.
  const spans = bodies.flatMap((body) => decodeProtobuf(body));
  const calls = spans.filter((span) => toCallRow(span, context) !== null).length;
  assert.deepEqual(encode(bodies), { calls, rows: calls + spans.length });

  await compare({
    name: `${producer}: decode, price and encode / JSON.parse`,
    baseline: () => texts.map((text) => JSON.parse(text) as unknown),
    candidate: () => encode(bodies),
    aim: AIM,
    sampleMs: 60,
  });
  await compare({
    name: `${producer}: the same with gzip, both unpacked as the receiver does`,
    baseline: async () => (await unpack(packedTexts)).map((text) => JSON.parse(text.toString()) as unknown),
    candidate: async () => encode(await unpack(packedBodies)),
    aim: AIM,
    sampleMs: 60,
  });
}

function unpack(packed: readonly Buffer[]): Promise<Buffer[]> {
  return Promise.all(packed.map((each) => unpackGzip(each, MAX_BODY_BYTES)));
}

/** `mixed`: a quarter of the spans are calls, the rest is what an application does around them. */
function createRequest(producer: Producer | "mixed"): JsonRequest {
  if (producer !== "mixed") return createBatch(producer, SPANS, NOW - 60_000);
  const [calls, others] = [
    createBatch("spancost", SPANS / 4, NOW - 60_000),
    createBatch("http", (SPANS * 3) / 4, NOW - 60_000),
  ];
  return { resourceSpans: [...calls.resourceSpans, ...others.resourceSpans] };
}
