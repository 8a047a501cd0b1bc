import { GEN_AI, readPlainCall, readSpan } from "@spancost/core";
import { priceCall, priceCallInBrief } from "@spancost/rates";
import { reportFailure } from "./report-failure.ts";
import type { EndedSpan } from "./sdk-span.ts";

const OWN_SCOPES = "@spancost/";
const PICO_USD_PER_USD = 1e12;
const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_MS = 1_000_000n;
const MS_PER_SECOND = 1_000;
const NANOS_IN_A_MS = 1_000_000;

/** Prices the LLM call that a span is, in USD as a double; `undefined` when it is none, or has no price that can be known. */
function priceSpan(span: EndedSpan): number | undefined {
  const scope = span.instrumentationScope ?? span.instrumentationLibrary;
  const name = scope?.name ?? "";
  return (name.startsWith(OWN_SCOPES) ? priceInBrief(span) : undefined) ?? priceInFull(span, name, scope?.version);
}

/** The cost hint that a span should get; `undefined` when it has a cost already, or none can be known. Never throws. */
export function findCostHint(span: EndedSpan): number | undefined {
  try {
    return span.attributes[GEN_AI.costAmount] === undefined ? priceSpan(span) : undefined;
  } catch (error) {
    reportFailure("cost_processor_failed", "a span could not be priced", error);
    return undefined;
  }
}

/** Same as in full, for the form that our own instrumentation's calls have as a rule; `undefined` is no verdict. */
function priceInBrief({ attributes, startTime }: EndedSpan): number | undefined {
  const call = readPlainCall(attributes);
  if (call === null) return undefined;
  const [seconds, nanos] = startTime;
  const picoUsd = priceCallInBrief(call, seconds * MS_PER_SECOND + Math.floor(nanos / NANOS_IN_A_MS));
  return picoUsd === null ? undefined : picoUsd / PICO_USD_PER_USD;
}

function priceInFull(span: EndedSpan, scopeName: string, scopeVersion: string | undefined): number | undefined {
  const startTimeUnixNano = toUnixNano(span.startTime);
  const call = readSpan({
    name: span.name,
    scopeName,
    scopeVersion: scopeVersion ?? "",
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
