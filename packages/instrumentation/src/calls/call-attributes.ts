import type { Attributes } from "@opentelemetry/api";
import { GEN_AI, SPANCOST, type Usage } from "@spancost/core";
import type { WireOutcome, WireRequest } from "@spancost/llm-wire";

/** Names that the general conventions own. @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/ 1.45 */
const ERROR_TYPE = "error.type";
const SERVER_ADDRESS = "server.address";
const SERVER_PORT = "server.port";
const HTTP_STATUS = "http.response.status_code";

const PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** Attributes that are known before the request is sent, so that samplers see them. */
export function toRequestAttributes(
  request: WireRequest,
  { providerName, inferenceRegion }: { readonly providerName: string; readonly inferenceRegion: string | null },
  url: URL,
  attempt: number,
): Attributes {
  return dropUnknown({
    [GEN_AI.operationName]: request.operation,
    [GEN_AI.providerName]: providerName,
    [GEN_AI.requestModel]: request.requestModel,
    [GEN_AI.requestStream]: request.streamed ? true : null,
    [SERVER_ADDRESS]: url.hostname,
    [SERVER_PORT]: url.port === "" ? (PORTS[url.protocol] ?? null) : Number(url.port),
    [SPANCOST.attempt]: attempt,
    [SPANCOST.inferenceRegion]: inferenceRegion,
  });
}

/** Attributes of a response that was read. */
export function toOutcomeAttributes(outcome: WireOutcome): Attributes {
  return dropUnknown({
    [GEN_AI.responseModel]: outcome.responseModel,
    [GEN_AI.responseId]: outcome.responseId,
    [GEN_AI.responseFinishReasons]: outcome.finishReasons.length > 0 ? [...outcome.finishReasons] : null,
    [SPANCOST.serviceTier]: outcome.serviceTier,
    [SPANCOST.inferenceRegion]: outcome.inferenceRegion,
    [ERROR_TYPE]: outcome.errorType ?? null,
    ...toCostAttributes(outcome.costUsd),
    ...toUsageAttributes(outcome.usage),
  });
}

/** Attributes of a response whose status says that the call failed. */
export function toStatusAttributes(status: number): Attributes {
  return { [HTTP_STATUS]: status, [ERROR_TYPE]: String(status) };
}

/** Attributes of a call that ended in an exception: its code, as Node's sockets have, or its class. */
export function toErrorAttributes(error: unknown): Attributes {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = cause instanceof Error ? Reflect.get(cause, "code") : undefined;
  const name = error instanceof Error && error.name !== "" ? error.name : "_OTHER";
  return { [ERROR_TYPE]: typeof code === "string" ? code : name };
}

/** The provider's own figure, which the ledger believes of this package. */
function toCostAttributes(costUsd: number | undefined): Readonly<Record<string, number | string>> {
  if (costUsd === undefined) return {};
  return { [GEN_AI.costAmount]: costUsd, [GEN_AI.costCurrency]: "USD", [GEN_AI.costSource]: "provider" };
}

function toUsageAttributes(usage: Usage): Readonly<Record<string, number | null>> {
  const { cacheWrite5m, cacheWrite1h } = usage;
  const isWriteKnown = cacheWrite5m !== null || cacheWrite1h !== null;
  return {
    [GEN_AI.inputTokens]: usage.input,
    [GEN_AI.outputTokens]: usage.output,
    [GEN_AI.cacheReadInputTokens]: usage.cacheRead,
    [GEN_AI.cacheWriteInputTokens]: isWriteKnown ? (cacheWrite5m ?? 0) + (cacheWrite1h ?? 0) : null,
    [GEN_AI.reasoningOutputTokens]: usage.reasoning,
    [SPANCOST.cacheWrite1hInputTokens]: omitZero(cacheWrite1h),
    [SPANCOST.audioInputTokens]: omitZero(usage.audioIn),
    [SPANCOST.audioOutputTokens]: omitZero(usage.audioOut),
    [SPANCOST.imageInputTokens]: omitZero(usage.imageIn),
    [SPANCOST.imageOutputTokens]: omitZero(usage.imageOut),
    [SPANCOST.images]: usage.images,
    [SPANCOST.audioSeconds]: toSeconds(usage.audioSeconds),
    [SPANCOST.videoSeconds]: toSeconds(usage.videoSeconds),
    [SPANCOST.characters]: usage.characters,
    [SPANCOST.webSearchRequests]: omitZero(usage.webSearchRequests),
  };
}

function toSeconds(seconds: string | null): number | null {
  return seconds === null ? null : Number(seconds);
}

/** Parts that most calls do not have: a zero of theirs changes no price, and each attribute costs the app time. */
function omitZero(count: number | null): number | null {
  return count === 0 ? null : count;
}

function dropUnknown(attributes: Readonly<Record<string, string | number | boolean | string[] | null>>): Attributes {
  const known: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) known[name] = value;
  }
  return known;
}
