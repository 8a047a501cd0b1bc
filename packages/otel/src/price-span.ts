import { readSpan } from "@spancost/core";
import { priceCall } from "@spancost/rates";
import type { EndedSpan } from "./sdk-span.ts";

const PICO_USD_PER_USD = 1e12;
const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_MS = 1_000_000n;

/** Prices the LLM call that a span is, in USD as a double; `undefined` when it is none, or has no price that can be known. */
export function priceSpan(span: EndedSpan): number | undefined {
  const startTimeUnixNano = toUnixNano(span.startTime);
  const scope = span.instrumentationScope ?? span.instrumentationLibrary;
  const call = readSpan({
    name: span.name,
    scopeName: scope?.name ?? "",
    scopeVersion: scope?.version ?? "",
    statusCode: toStatusCode(span.status.code),
    attributes: span.attributes,
    resourceAttributes: readResourceAttributes(span.resource),
    startTimeUnixNano,
    endTimeUnixNano: toUnixNano(span.endTime),
  });
  if (call === null || call.role !== "call") return undefined;
  const priced = priceCall(call, Number(startTimeUnixNano / NANOS_PER_MS));
  return priced.outcome === "priced" ? Number(priced.costPicoUsd) / PICO_USD_PER_USD : undefined;
}

/** SDKs log an error when resource attributes are read before those that are detected asynchronously are there. */
function readResourceAttributes(resource: EndedSpan["resource"]): EndedSpan["attributes"] {
  return resource.asyncAttributesPending === true ? {} : resource.attributes;
}

function toUnixNano([seconds, nanos]: readonly [number, number]): bigint {
  return BigInt(Math.trunc(seconds)) * NANOS_PER_SECOND + BigInt(Math.trunc(nanos));
}

function toStatusCode(code: number): 0 | 1 | 2 {
  return code === 1 || code === 2 ? code : 0;
}
