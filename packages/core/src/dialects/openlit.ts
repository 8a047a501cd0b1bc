import type { Dialect } from "./dialect.ts";
import { CONVENTION_FIELDS, CONVENTION_USAGE, ROLES_BY_OPERATION } from "./shared.ts";

/** The marker of releases that write the current conventions. */
const SDK_VERSION = "gen_ai.sdk.version";

/**
 * OpenLIT with the current names. Its scopes name the wrong package at times. When a stream brings no usage it counts the visible
 * text itself; a streamed span without a single detail that only the provider can know may be such a guess, and is not billed from.
 */
export const OPENLIT_DIALECT: Dialect = {
  name: "openlit",
  recognise: { scopes: ["@openlit/*", "openlit"], anyAttribute: [SDK_VERSION, "gen_ai.provider.name"] },
  roles: ROLES_BY_OPERATION,
  fields: CONVENTION_FIELDS,
  usage: CONVENTION_USAGE,
  inputExcludesCache: [{ provider: ["anthropic", "bedrock"] }],
  outputExcludesReasoning: [{ provider: ["google", "xai"] }],
  usageIsGuess: [
    {
      streamed: true,
      provider: ["openai", "xai", "other"],
      operationIn: ["chat"],
      attribute: "openai.api.type",
      in: ["", "chat_completions"],
      lacksAll: ["gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.reasoning_tokens"],
    },
  ],
};

/** OpenLIT up to 1.7: the request model holds the responded one, failed calls carry no attribute, OpenAI streams only guesses. */
export const OPENLIT_OLD_DIALECT: Dialect = {
  name: "openlit-old",
  recognise: { scopes: ["@openlit/*", "openlit"] },
  roles: [{ role: "call", nameIncludes: ".resources." }, ...ROLES_BY_OPERATION],
  fields: {
    ...CONVENTION_FIELDS,
    modelRequested: [],
    modelReported: [CONVENTION_FIELDS.modelRequested[0] ?? ""],
    providerFromName: ".",
  },
  usage: CONVENTION_USAGE,
  inputExcludesCache: [{ provider: ["anthropic", "bedrock"] }],
  outputExcludesReasoning: [{ provider: ["google", "xai"] }],
  usageIsGuess: [{ streamed: true, provider: ["openai"] }],
};
