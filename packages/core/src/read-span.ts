import { SPANCOST } from "./attribute-names.ts";
import type { CallReading } from "./call-reading.ts";
import { findUsageIssue } from "./check-usage.ts";
import { decimalFromNumber, divideHalfUp, formatDecimal } from "./decimal.ts";
import { AttributeAccess } from "./dialects/attribute-access.ts";
import { anyHolds, type ConditionSubject, holds } from "./dialects/conditions.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { providerFamily, reasonsAsARule } from "./dialects/provider-family.ts";
import { cacheExceedsInput, readUsage } from "./dialects/read-usage.ts";
import { findDialect } from "./dialects/registry.ts";
import { MONEY_SCALE } from "./price-usage.ts";
import type { SpanFacts } from "./span-facts.ts";
import { UNKNOWN_USAGE, type Usage } from "./usage.ts";

/** Operations whose output is not billed, so that an unknown output does not make the cost unknown. */
const WITHOUT_OUTPUT: ReadonlySet<string> = new Set(["embeddings", "embedding", "rerank"]);
/** Most that one call can cost, in USD: what is above is another unit, or no amount. */
const MAX_PROVIDED_USD = 1_000_000;
/** Amount in USD below which every amount rounds to zero, and the scale that holds all digits of a double above it (17 at most). */
const LEAST_USD = 1e-13;
const DOUBLE_SCALE = 30;
/** Failures after which the provider may have gone on, and billed: the caller gave up, or the connection broke. */
const CUT_OFF = /abort|cancel|timeout|timed out|econnreset|socket|network|terminated|premature/i;

/**
 * Reads a span as an LLM call, in canonical terms; `null` when it is none. Pure; never throws for any attribute values.
 * The same function serves the span processor, the receiver and `follow`.
 */
export function readSpan(span: SpanFacts): CallReading | null {
  const dialect = findDialect(span);
  if (dialect === null) return null;
  const access = new AttributeAccess(span);
  const role = dialect.roles.find((rule) => holds(rule, access, { spanName: span.name }))?.role ?? "none";
  if (role === "none") return null;
  const fields = readFields(dialect, access, span.name);
  const account = span.attributes[SPANCOST.providerAccount] ?? span.resourceAttributes[SPANCOST.providerAccount];
  const isError = span.statusCode === 2 || anyHolds(dialect.fields.failed, access, {});
  const errorType = isError ? access.firstText(dialect.fields.errorType) : "";
  const { usage, usageIsLowerBound } = readBilledUsage(dialect, access, fields, span.name);
  const usageIssue = findUsageIssue(usage);
  const usageKnown = usageIssue === null && isUsageKnown(usage, fields.operation);
  return {
    dialect: dialect.name,
    recognised: dialect.recognise.isFallback !== true,
    role,
    ...fields,
    providerAccount: typeof account === "string" ? account : "",
    isError,
    errorType,
    refused: isError && !usageKnown && usageIssue === null && !hasResponse(fields) && !CUT_OFF.test(errorType),
    attempt: Math.max(access.firstCount([SPANCOST.attempt]) ?? 0, 0),
    usage,
    usageIssue,
    usageKnown,
    usageIsLowerBound: usageKnown && usageIsLowerBound,
    providedUsd: readProvidedUsd(dialect, access, fields.provider),
  };
}

type Fields = Pick<
  CallReading,
  | "provider"
  | "modelRequested"
  | "modelReported"
  | "operation"
  | "serviceTier"
  | "inferenceRegion"
  | "responseId"
  | "sessionId"
  | "streamed"
>;

function readFields({ fields }: Dialect, access: AttributeAccess, spanName: string): Fields {
  const [prefix, whole] = readProviderAndModel(fields.providerAndModel, access);
  const named = fields.providerFromName === undefined ? "" : (spanName.split(fields.providerFromName)[0] ?? "");
  return {
    provider: (access.firstText(fields.provider) || prefix || named).toLowerCase(),
    modelRequested: access.firstText(fields.modelRequested) || whole,
    modelReported: access.firstText(fields.modelReported),
    operation: readOperation(fields, access),
    serviceTier: access.firstText(fields.serviceTier).toLowerCase(),
    inferenceRegion: access.firstText(fields.inferenceRegion).toLowerCase(),
    responseId: access.firstText(fields.responseId),
    sessionId: access.firstText(fields.sessionId),
    streamed: access.firstFlag(fields.streamed) || anyHolds(fields.streamedWhen, access, {}),
  };
}

function readProviderAndModel(key: string | undefined, access: AttributeAccess): [provider: string, model: string] {
  const text = key === undefined ? "" : access.text(key);
  const slash = text.indexOf("/");
  return slash === -1 ? ["", text] : [text.slice(0, slash), text.slice(slash + 1)];
}

function readOperation({ operation, operationByAttribute: own }: Dialect["fields"], access: AttributeAccess): string {
  const conventional = access.firstText(operation).toLowerCase();
  if (conventional !== "" || own === undefined) return conventional;
  const text = access.text(own.attribute);
  const byEnd = Object.entries(own.endsWith ?? {}).find(([end]) => text.endsWith(end));
  return own.values?.[text] ?? byEnd?.[1] ?? "";
}

/** The usage that a span reports, or an unknown one when the figures are the producer's guess. */
function readBilledUsage(
  dialect: Dialect,
  access: AttributeAccess,
  fields: Fields,
  spanName: string,
): { usage: Usage; usageIsLowerBound: boolean } {
  const model = fields.modelReported || fields.modelRequested;
  const family = providerFamily(fields.provider, model);
  const subject: Partial<ConditionSubject> = {
    spanName,
    provider: fields.provider,
    family,
    streamed: fields.streamed,
    operation: fields.operation,
    reportedTotal: (access.firstCount(dialect.usage.input) ?? 0) + (access.firstCount(dialect.usage.output) ?? 0),
    cacheExceedsInput: () => cacheExceedsInput(access, dialect.usage),
  };
  const inputExcludesCache = anyHolds(dialect.inputExcludesCache, access, subject);
  const usage = readUsage(access, dialect.usage, {
    inputExcludesCache,
    outputExcludesReasoning: anyHolds(dialect.outputExcludesReasoning, access, subject),
    modelReasons: reasonsAsARule(model),
  });
  if (anyHolds(dialect.usageIsGuess, access, { ...subject, inputTokens: usage.input })) {
    return { usage: UNKNOWN_USAGE, usageIsLowerBound: false };
  }
  const cacheIsUnknown = usage.cacheRead === null && usage.cacheWrite5m === null && usage.cacheWrite1h === null;
  return { usage, usageIsLowerBound: inputExcludesCache && cacheIsUnknown };
}

function isUsageKnown(usage: Usage, operation: string): boolean {
  if (usage.images !== null || usage.audioSeconds !== null || usage.videoSeconds !== null || usage.characters !== null)
    return true;
  return usage.input !== null && (usage.output !== null || WITHOUT_OUTPUT.has(operation));
}

/** Whether the provider is known to have answered. Some producers report the requested model in both places. */
function hasResponse({ responseId, modelReported, modelRequested }: Fields): boolean {
  return responseId !== "" || (modelReported !== "" && modelReported !== modelRequested);
}

/** The provider's own cost, rounded half up to the scale of money; `null` when there is none that can be a call's. */
function readProvidedUsd({ providedUsd }: Dialect, access: AttributeAccess, provider: string): string | null {
  if (providedUsd === undefined || !anyHolds(providedUsd.when, access, { provider })) return null;
  const amount = access.firstCount(providedUsd.sources);
  if (amount === null || amount < 0 || amount > MAX_PROVIDED_USD) return null;
  const fine = amount < LEAST_USD ? 0n : decimalFromNumber(amount, DOUBLE_SCALE);
  return fine === null
    ? null
    : formatDecimal(divideHalfUp(fine, 10n ** BigInt(DOUBLE_SCALE - MONEY_SCALE)), MONEY_SCALE);
}
