import type { Condition, Dialect, FieldSources, RoleRule } from "./dialect.ts";
import { CONVENTION_FIELDS, CONVENTION_USAGE, ROLES_BY_OPERATION } from "./shared.ts";

const ROLES: readonly RoleRule[] = [
  { role: "wrapper", attribute: "traceloop.span.kind", in: ["workflow", "task", "agent", "tool"] },
  { role: "call", has: "llm.request.type" },
  ...ROLES_BY_OPERATION,
];

const FIELDS: FieldSources = { ...CONVENTION_FIELDS, sessionId: ["traceloop.association.properties.session_id"] };

/** With `enrichTokens` OpenAI's streams carry a tokenizer's guess of the visible text, which lacks what every real prompt adds to it. */
const USAGE_IS_GUESS: readonly Condition[] = [
  { provider: ["openai"], operationIn: ["chat"], fewerInputTokensThanMessagesNeed: "gen_ai.input.messages" },
];

/** OpenLLMetry (Traceloop) with the deprecated names, up to 0.22. */
export const OPENLLMETRY_OLD_DIALECT: Dialect = {
  name: "openllmetry-old",
  recognise: { scopes: ["@traceloop/*"], beforeVersion: "0.23.0" },
  roles: ROLES,
  fields: FIELDS,
  usage: CONVENTION_USAGE,
  inputExcludesCache: [{ provider: ["anthropic", "bedrock"] }],
  outputExcludesReasoning: [{ provider: ["google", "xai"] }],
};

/**
 * OpenLLMetry (Traceloop) with the current names. Its LangChain scope passes on LangChain's figure, which for Anthropic has no cache in
 * it when not streamed, and has it when streamed. Nothing on those spans says which it was, so they are all read as not streamed.
 */
export const OPENLLMETRY_DIALECT: Dialect = {
  name: "openllmetry",
  recognise: { scopes: ["@traceloop/*"], fromVersion: "0.23.0" },
  roles: ROLES,
  fields: FIELDS,
  usage: CONVENTION_USAGE,
  inputExcludesCache: [{ provider: ["anthropic", "bedrock"] }],
  outputExcludesReasoning: [{ provider: ["google", "xai"] }],
  usageIsGuess: USAGE_IS_GUESS,
};
