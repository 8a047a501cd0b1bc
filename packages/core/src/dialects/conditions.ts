import type { AttributeAccess } from "./attribute-access.ts";
import type { Condition, ProviderFamily } from "./dialect.ts";

/** What conditions may ask about besides attributes. */
export interface ConditionSubject {
  readonly spanName: string;
  /** Name of the provider, lower case, or "". */
  readonly provider: string;
  readonly family: ProviderFamily;
  readonly streamed: boolean;
  readonly operation: string;
  readonly inputTokens: number | null;
  /** Reported input plus reported output. */
  readonly reportedTotal: number;
  /** Asked of few dialects, so it is worked out when asked. */
  readonly cacheExceedsInput: () => boolean;
}

/** Tokens that a provider's chat format adds to each message, and to a prompt, before any text. */
const TOKENS_A_MESSAGE = 5;
const TOKENS_A_PROMPT = 3;

/** Whether all parts of a condition hold. Parts of the subject that are not known yet are passed as `undefined` and do not hold. */
export function holds(condition: Condition, access: AttributeAccess, subject: Partial<ConditionSubject>): boolean {
  return (
    (condition.provider === undefined ||
      (subject.family !== undefined && condition.provider.includes(subject.family))) &&
    (condition.providerIncludes === undefined || (subject.provider ?? "").includes(condition.providerIncludes)) &&
    (condition.cacheExceedsInput === undefined || subject.cacheExceedsInput?.() === condition.cacheExceedsInput) &&
    (condition.streamed === undefined || condition.streamed === subject.streamed) &&
    (condition.operationIn === undefined || condition.operationIn.includes(subject.operation ?? "")) &&
    (condition.has === undefined || access.has(condition.has)) &&
    (condition.lacksAll === undefined || !condition.lacksAll.some((key) => access.has(key))) &&
    (condition.nameIncludes === undefined || (subject.spanName ?? "").includes(condition.nameIncludes)) &&
    (condition.attribute === undefined || matchesText(condition, access.text(condition.attribute))) &&
    (condition.totalIsNotSum === undefined || access.firstCount([condition.totalIsNotSum]) !== subject.reportedTotal) &&
    (condition.fewerInputTokensThanMessagesNeed === undefined ||
      isBelowMessages(access, condition.fewerInputTokensThanMessagesNeed, subject.inputTokens ?? null))
  );
}

/** Whether one of the conditions holds. */
export function anyHolds(
  conditions: readonly Condition[] | undefined,
  access: AttributeAccess,
  subject: Partial<ConditionSubject>,
): boolean {
  return conditions?.some((condition) => holds(condition, access, subject)) ?? false;
}

/** The parts of a condition that ask about the call's figures, and not only about which attributes there are and their texts. */
const FIGURE_PARTS = ["cacheExceedsInput", "totalIsNotSum", "fewerInputTokensThanMessagesNeed"] as const;

/** Whether one of the conditions holds whatever the figures are; `null` when the figures decide. */
export function holdsForAnyFigures(
  conditions: readonly Condition[] | undefined,
  access: AttributeAccess,
  subject: Partial<ConditionSubject>,
): boolean | null {
  let verdict: boolean | null = false;
  for (const condition of conditions ?? []) {
    const asksForFigures = FIGURE_PARTS.some((part) => condition[part] !== undefined);
    if (!asksForFigures && holds(condition, access, subject)) return true;
    if (asksForFigures && holds(withoutFigures(condition), access, subject)) verdict = null;
  }
  return verdict;
}

/** What is left to ask; messages that are not there cannot need tokens. */
function withoutFigures(condition: Condition): Condition {
  const { cacheExceedsInput, totalIsNotSum, fewerInputTokensThanMessagesNeed: messages, ...rest } = condition;
  void [cacheExceedsInput, totalIsNotSum];
  return messages === undefined || rest.has !== undefined ? rest : { ...rest, has: messages };
}

function matchesText(condition: Condition, text: string): boolean {
  if (condition.in !== undefined) return condition.in.includes(text);
  return condition.endsWith?.some((end) => text.endsWith(end)) ?? false;
}

function isBelowMessages(access: AttributeAccess, key: string, inputTokens: number | null): boolean {
  if (inputTokens === null) return false;
  const messages = access.json(key);
  return Array.isArray(messages) && inputTokens < messages.length * TOKENS_A_MESSAGE + TOKENS_A_PROMPT;
}
