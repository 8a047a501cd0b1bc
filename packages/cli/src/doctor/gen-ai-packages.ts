/** What an instrumentation records: calls of these SDKs, or of whatever goes through a framework. */
export type Coverage = "openai" | "anthropic" | "google" | "groq" | "bedrock" | "all";

/** An SDK whose calls cost money, and the versions of it that are tested. */
export interface SupportedSdk {
  readonly coverage: Coverage;
  /** Semver range of the majors that the call tables of our instrumentations run. */
  readonly range: string;
}

/** Provider SDKs by package. A test holds the ranges against the versions that the call tables install. */
export const PROVIDER_SDKS: Readonly<Record<string, SupportedSdk>> = {
  openai: { coverage: "openai", range: ">=4.0.0 <8.0.0" },
  "@anthropic-ai/sdk": { coverage: "anthropic", range: ">=0.20.0 <2.0.0" },
  "@google/genai": { coverage: "google", range: ">=1.0.0 <4.0.0" },
  "groq-sdk": { coverage: "groq", range: ">=0.37.0 <2.0.0" },
  "@aws-sdk/client-bedrock-runtime": { coverage: "bedrock", range: ">=3.600.0 <4.0.0" },
};

/** Frameworks that call providers themselves. */
export const FRAMEWORKS: readonly string[] = [
  "ai",
  "@langchain/openai",
  "@langchain/anthropic",
  "@mastra/core",
  "genkit",
];

/** Our own instrumentations, by package. */
export const OUR_INSTRUMENTATIONS: Readonly<Record<string, Coverage>> = {
  "@spancost/node": "all",
  "@spancost/instrumentation-openai": "openai",
  "@spancost/instrumentation-anthropic": "anthropic",
  "@spancost/instrumentation-google-genai": "google",
  "@spancost/instrumentation-groq": "groq",
  "@spancost/instrumentation-aws-bedrock": "bedrock",
};

/** Instrumentations of others that put usage on spans, by package. */
export const OTHER_INSTRUMENTATIONS: Readonly<Record<string, Coverage>> = {
  "@opentelemetry/instrumentation-openai": "openai",
  "@opentelemetry/auto-instrumentations-node": "openai",
  "@traceloop/node-server-sdk": "all",
  "@traceloop/instrumentation-openai": "openai",
  "@traceloop/instrumentation-anthropic": "anthropic",
  "@traceloop/instrumentation-google-generativeai": "google",
  "@traceloop/instrumentation-bedrock": "bedrock",
  "@arizeai/openinference-instrumentation-openai": "openai",
  "@arizeai/openinference-instrumentation-anthropic": "anthropic",
  "@arizeai/openinference-instrumentation-bedrock": "bedrock",
  "@langfuse/openai": "openai",
  "@ai-sdk/otel": "all",
  openlit: "all",
};

/** Whether two instrumentations, or an instrumentation and an SDK, have calls in common. */
export function overlaps(first: Coverage, second: Coverage): boolean {
  return first === "all" || second === "all" || first === second;
}
