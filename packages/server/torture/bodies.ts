import { gzipSync } from "node:zlib";
import { encodeRequest, type JsonRequest } from "../../collector/bench/batch/encode-otlp.ts";
import type { Random } from "./random.ts";
import type { SentSpan } from "./traffic.ts";

/** How a body goes. */
export interface Wire {
  readonly protocol: "http" | "grpc";
  readonly encoding: "protobuf" | "json";
  readonly gzip: boolean;
}

const WIRES: readonly [Wire, ...Wire[]] = [
  { protocol: "http", encoding: "protobuf", gzip: false },
  { protocol: "http", encoding: "protobuf", gzip: true },
  { protocol: "http", encoding: "json", gzip: false },
  { protocol: "http", encoding: "json", gzip: true },
  { protocol: "grpc", encoding: "protobuf", gzip: false },
  { protocol: "grpc", encoding: "protobuf", gzip: true },
];
const FAST = { level: 1 };

export function pickWire(random: Random): Wire {
  return random.pick(WIRES);
}

/** A request of spans of several services and scopes, as a Collector sends them. */
export function encodeSpans(spans: readonly SentSpan[], { encoding, gzip }: Wire): Buffer {
  const request = toRequest(spans);
  const body = encoding === "json" ? Buffer.from(JSON.stringify(request)) : encodeRequest(request);
  return gzip ? gzipSync(body, FAST) : body;
}

/** A body that ends too early: nothing of it may be stored. */
export function damage(body: Buffer, random: Random): Buffer {
  // The last bytes belong to the last message, whatever stands before it.
  return body.subarray(0, body.length - random.int(1, Math.min(20, body.length - 1)));
}

function toRequest(spans: readonly SentSpan[]): JsonRequest {
  const byService = Map.groupBy(spans, ({ service }) => service);
  return {
    resourceSpans: [...byService].map(([service, ofService]) => ({
      resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
      scopeSpans: [...Map.groupBy(ofService, ({ scope }) => `${scope.name} ${scope.version}`).values()].map(
        (ofScope) => ({
          scope: ofScope[0]?.scope ?? { name: "", version: "" },
          spans: ofScope.map(({ span }) => span),
        }),
      ),
    })),
  };
}
