import { SPANCOST } from "../attribute-names.ts";
import { ATTRIBUTION_SOURCES } from "../read-attribution.ts";
import type { Condition, Dialect, Source } from "./dialect.ts";
import { DIALECTS } from "./registry.ts";

/**
 * What an attribute's value is read for. `mark`: only that it is there. `identity`: it differs from call to call and is passed on.
 * `figure`: a number that is added up. `text`: it says what the call is. `whole`: it holds figures inside, or makes the span something
 * else, so that the span must be read as a whole.
 */
export type AttributeUse = "mark" | "identity" | "figure" | "text" | "whole";

/** Every attribute that reading a span can look at; all others change nothing. Labels and configured attribution come on top. */
export const ATTRIBUTE_USES: ReadonlyMap<string, AttributeUse> = collectUses();

/** Later uses of an attribute go before earlier ones. */
function collectUses(): Map<string, AttributeUse> {
  const uses = new Map<string, AttributeUse>();
  const set = (keys: readonly string[], use: AttributeUse) => keys.forEach((key) => uses.set(key, use));
  for (const dialect of DIALECTS) set(marksOf(dialect), "mark");
  set(ATTRIBUTION_SOURCES, "identity");
  for (const { fields } of DIALECTS) set([...keysOf(fields.responseId), ...keysOf(fields.sessionId)], "identity");
  for (const { usage } of DIALECTS) set(Object.values(usage).flatMap(plainKeysOf), "figure");
  for (const dialect of DIALECTS) set(textsOf(dialect), "text");
  set([SPANCOST.providerAccount, SPANCOST.attempt], "text");
  for (const { usage } of DIALECTS) set(Object.values(usage).flatMap(jsonKeysOf), "whole");
  set([SPANCOST.costKind, SPANCOST.key], "whole");
  return uses;
}

function textsOf({ fields, ...dialect }: Dialect): string[] {
  const {
    responseId,
    sessionId,
    providerAndModel,
    providerFromName,
    operationByAttribute,
    failed,
    streamedWhen,
    ...others
  } = fields;
  void [responseId, sessionId, providerFromName];
  const named = [providerAndModel, operationByAttribute?.attribute];
  const asked = conditionsOf({ fields, ...dialect }).map(({ attribute }) => attribute);
  void [failed, streamedWhen];
  return [...Object.values(others).flatMap(keysOf), ...[...named, ...asked].filter((key) => key !== undefined)];
}

function marksOf(dialect: Dialect): string[] {
  const asked = conditionsOf(dialect).flatMap(({ has, lacksAll, totalIsNotSum, fewerInputTokensThanMessagesNeed }) => [
    has,
    totalIsNotSum,
    fewerInputTokensThanMessagesNeed,
    ...(lacksAll ?? []),
  ]);
  const costs = dialect.providedUsd?.sources.flatMap(keyOf) ?? [];
  return [...(dialect.recognise.anyAttribute ?? []), ...costs, ...asked.filter((key) => key !== undefined)];
}

function conditionsOf({ roles, fields, providedUsd, ...totals }: Dialect): readonly Condition[] {
  return [
    ...roles,
    ...(fields.failed ?? []),
    ...(fields.streamedWhen ?? []),
    ...(totals.inputExcludesCache ?? []),
    ...(totals.outputExcludesReasoning ?? []),
    ...(totals.usageIsGuess ?? []),
    ...(providedUsd?.when ?? []),
  ];
}

function keysOf(sources: readonly Source[] | undefined): string[] {
  return (sources ?? []).map(keyOf);
}

function keyOf(source: Source): string {
  return typeof source === "string" ? source : source.json;
}

function plainKeysOf(sources: readonly Source[] | undefined): string[] {
  return (sources ?? []).filter((source) => typeof source === "string");
}

function jsonKeysOf(sources: readonly Source[] | undefined): string[] {
  return (sources ?? []).flatMap((source) => (typeof source === "string" ? [] : [source.json]));
}
