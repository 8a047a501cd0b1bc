import { GEN_AI } from "../attribute-names.ts";
import type { Dialect } from "./dialect.ts";
import { CONVENTION_FIELDS, CONVENTION_USAGE, ROLES_BY_OPERATION } from "./shared.ts";

/** Our own instrumentation: the current conventions to the letter. */
export const SPANCOST_DIALECT: Dialect = {
  name: "spancost",
  recognise: { scopes: ["@spancost/*"] },
  roles: ROLES_BY_OPERATION,
  fields: CONVENTION_FIELDS,
  usage: CONVENTION_USAGE,
  // Our span processor's own estimate is `local`; `provider` is a figure that stood in the response.
  providedUsd: {
    sources: [GEN_AI.costAmount],
    when: [{ attribute: GEN_AI.costSource, in: ["provider"] }],
  },
};

/** The official OpenTelemetry instrumentations of LLM clients. */
export const OPENTELEMETRY_DIALECT: Dialect = {
  name: "opentelemetry",
  recognise: {
    scopes: ["@opentelemetry/instrumentation-openai", "opentelemetry.instrumentation.openai_v2"],
  },
  roles: ROLES_BY_OPERATION,
  fields: CONVENTION_FIELDS,
  usage: CONVENTION_USAGE,
  // The client library of OpenAI is pointed at xAI too, whose API leaves reasoning out of the output.
  outputExcludesReasoning: [{ provider: ["xai"] }],
};

/** The Anthropic SDK's own spans (from 1.x on, when a tracer provider is registered): the conventions, and cache writes by duration. */
export const ANTHROPIC_SDK_DIALECT: Dialect = {
  name: "anthropic-sdk",
  recognise: { scopes: ["com.anthropic.sdk.*"] },
  roles: ROLES_BY_OPERATION,
  fields: CONVENTION_FIELDS,
  usage: {
    ...CONVENTION_USAGE,
    cacheWrite5m: ["anthropic.usage.cache_creation.ephemeral_5m_input_tokens"],
    cacheWrite1h: ["anthropic.usage.cache_creation.ephemeral_1h_input_tokens"],
  },
};

/**
 * Sentry's SDK, which follows the conventions with totals that include their parts, and names cache and reasoning in its own way too.
 */
export const SENTRY_DIALECT: Dialect = {
  name: "sentry",
  recognise: {
    scopes: ["@sentry/*", "sentry*"],
    anyAttribute: ["gen_ai.system", "gen_ai.provider.name", "gen_ai.operation.name"],
  },
  roles: ROLES_BY_OPERATION,
  fields: CONVENTION_FIELDS,
  usage: CONVENTION_USAGE,
};

/** Whoever else uses `gen_ai.*`: read by the conventions' meaning, and marked as not recognised. */
export const UNKNOWN_PRODUCER_DIALECT: Dialect = {
  name: "gen_ai",
  recognise: {
    isFallback: true,
    scopes: [],
    anyAttribute: ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.system", "gen_ai.request.model"],
  },
  roles: ROLES_BY_OPERATION,
  fields: CONVENTION_FIELDS,
  usage: CONVENTION_USAGE,
};
