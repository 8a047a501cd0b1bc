import { SPANCOST } from "./attribute-names.ts";
import type { CallReading } from "./call-reading.ts";
import { findUsageIssue } from "./check-usage.ts";
import { decimalFromNumber, divideHalfUp, formatDecimal } from "./decimal.ts";
import { AttributeAccess } from "./dialects/attribute-access.ts";
import { anyHolds, type ConditionSubject, holds, holdsForAnyFigures } from "./dialects/conditions.ts";
import type { Dialect, Source } from "./dialects/dialect.ts";
import { providerFamily, reasonsAsARule } from "./dialects/provider-family.ts";
import {
  cacheExceedsInput,
  type Exclusions,
  type Figures,
  findFigures,
  takeFigures,
  toUsage,
} from "./dialects/read-usage.ts";
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
  const access = new AttributeAccess(span);
  const outline = readOutline(span, access);
  if (outline === null) return null;
  const figures = takeFigures(access, outline.dialect.usage);
  return { ...outline.reading, ...readBilledUsage(outline, access, figures, span.name) };
}

/** The part of a reading that follows from a span's figures. */
export type UsageReading = Pick<CallReading, "usage" | "usageIssue" | "usageKnown" | "usageIsLowerBound" | "refused">;

/** What a call's span says apart from its figures. */
interface CallOutline {
  readonly dialect: Dialect;
  readonly reading: Omit<CallReading, keyof UsageReading>;
  /** What the totals leave out, and whether the figures are a guess; `null` when that depends on the figures. */
  readonly totals: (Exclusions & { readonly areGuess: boolean }) | null;
}

/**
 * What many spans of a producer have in common. Spans of one scope, resource and status that carry the same attributes in the same
 * types, and the same values of those that `ATTRIBUTE_USES` calls texts, read alike but for their figures and identities.
 */
export interface CallShape extends CallOutline {
  /** Where each figure stands. */
  readonly figureSources: { readonly [name in keyof Figures]: Source | null };
  /** Where the ids stand that differ from call to call. */
  readonly identities: { readonly responseId: Source | null; readonly sessionId: Source | null };
  /** What the call is, or costs, depends on its figures in a way that only `readSpan` can tell. */
  readonly dependsOnFigures: boolean;
}

/** Finds the shape of a span, or `null` when it is no LLM producer's. */
export function findCallShape(span: SpanFacts): CallShape | null {
  const access = new AttributeAccess(span);
  const outline = readOutline(span, access);
  if (outline === null) return null;
  const { dialect, reading, totals } = outline;
  return {
    ...outline,
    figureSources: findFigures(access, dialect.usage),
    identities: {
      responseId: access.sourceOfText(dialect.fields.responseId),
      sessionId: access.sourceOfText(dialect.fields.sessionId),
    },
    dependsOnFigures: totals === null || passesCostOn(dialect, access, reading.provider),
  };
}

/** Reads the usage of a span of which the shape is known, as `readSpan` does; not where it `dependsOnFigures`. */
export function readUsageOf({ reading, totals }: CallOutline, figures: Figures): UsageReading {
  const known = totals ?? NO_TOTALS;
  return judgeUsage(reading, known.areGuess ? UNKNOWN_USAGE : toUsage(figures, known), known);
}

const NO_TOTALS = { inputExcludesCache: false, outputExcludesReasoning: false, modelReasons: false, areGuess: true };

function readOutline(span: SpanFacts, access: AttributeAccess): CallOutline | null {
  const dialect = findDialect(span);
  if (dialect === null) return null;
  const role = dialect.roles.find((rule) => holds(rule, access, { spanName: span.name }))?.role ?? "none";
  if (role === "none") return null;
  const fields = readFields(dialect, access, span.name);
  const account = span.attributes[SPANCOST.providerAccount] ?? span.resourceAttributes[SPANCOST.providerAccount];
  const isError = span.statusCode === 2 || anyHolds(dialect.fields.failed, access, {});
  return {
    dialect,
    reading: {
      dialect: dialect.name,
      recognised: dialect.recognise.isFallback !== true,
      role,
      ...fields,
      providerAccount: typeof account === "string" ? account : "",
      isError,
      errorType: isError ? access.firstText(dialect.fields.errorType) : "",
      attempt: Math.max(access.firstCount([SPANCOST.attempt]) ?? 0, 0),
      providedUsd: readProvidedUsd(dialect, access, fields.provider),
    },
    totals: readTotals(dialect, access, fields, span.name),
  };
}

function toSubject(fields: Fields, spanName: string): Partial<ConditionSubject> {
  const { provider, streamed, operation } = fields;
  return { spanName, provider, family: providerFamily(provider, modelOf(fields)), streamed, operation };
}

function modelOf({ modelReported, modelRequested }: Fields): string {
  return modelReported || modelRequested;
}

function readTotals(
  dialect: Dialect,
  access: AttributeAccess,
  fields: Fields,
  spanName: string,
): CallOutline["totals"] {
  const subject = toSubject(fields, spanName);
  const inputExcludesCache = holdsForAnyFigures(dialect.inputExcludesCache, access, subject);
  const outputExcludesReasoning = holdsForAnyFigures(dialect.outputExcludesReasoning, access, subject);
  const areGuess = holdsForAnyFigures(dialect.usageIsGuess, access, subject);
  if (inputExcludesCache === null || outputExcludesReasoning === null || areGuess === null) return null;
  return { inputExcludesCache, outputExcludesReasoning, areGuess, modelReasons: reasonsAsARule(modelOf(fields)) };
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

/** What the figures of a span come to; where the shape does not say what they leave out, the dialect's conditions are asked with them. */
function readBilledUsage(
  outline: CallOutline,
  access: AttributeAccess,
  figures: Figures,
  spanName: string,
): UsageReading {
  if (outline.totals !== null) return readUsageOf(outline, figures);
  const { dialect, reading } = outline;
  const subject: Partial<ConditionSubject> = {
    ...toSubject(reading, spanName),
    reportedTotal: (figures.input ?? 0) + (figures.output ?? 0),
    cacheExceedsInput: () => cacheExceedsInput(figures),
  };
  const exclusions: Exclusions = {
    inputExcludesCache: anyHolds(dialect.inputExcludesCache, access, subject),
    outputExcludesReasoning: anyHolds(dialect.outputExcludesReasoning, access, subject),
    modelReasons: reasonsAsARule(modelOf(reading)),
  };
  const usage = toUsage(figures, exclusions);
  const areGuess = anyHolds(dialect.usageIsGuess, access, { ...subject, inputTokens: usage.input });
  return judgeUsage(reading, areGuess ? UNKNOWN_USAGE : usage, { ...exclusions, areGuess });
}

/** Whether a usage is possible and enough to price, and what it means that it is not. */
function judgeUsage(
  reading: CallOutline["reading"],
  usage: Usage,
  { inputExcludesCache, areGuess }: Exclusions & { readonly areGuess: boolean },
): UsageReading {
  const usageIssue = findUsageIssue(usage);
  const usageKnown = usageIssue === null && isUsageKnown(usage, reading.operation);
  const cacheIsUnknown = usage.cacheRead === null && usage.cacheWrite5m === null && usage.cacheWrite1h === null;
  const { isError, errorType } = reading;
  return {
    usage,
    usageIssue,
    usageKnown,
    usageIsLowerBound: usageKnown && !areGuess && inputExcludesCache && cacheIsUnknown,
    refused: isError && !usageKnown && usageIssue === null && !hasResponse(reading) && !CUT_OFF.test(errorType),
  };
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
  if (providedUsd === undefined || !passesCostOn({ providedUsd }, access, provider)) return null;
  const amount = access.firstCount(providedUsd.sources);
  if (amount === null || amount < 0 || amount > MAX_PROVIDED_USD) return null;
  const fine = amount < LEAST_USD ? 0n : decimalFromNumber(amount, DOUBLE_SCALE);
  return fine === null
    ? null
    : formatDecimal(divideHalfUp(fine, 10n ** BigInt(DOUBLE_SCALE - MONEY_SCALE)), MONEY_SCALE);
}

function passesCostOn(
  { providedUsd }: Pick<Dialect, "providedUsd">,
  access: AttributeAccess,
  provider: string,
): boolean {
  return anyHolds(providedUsd?.when, access, { provider });
}
