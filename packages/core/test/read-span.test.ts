import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DIALECTS, readSpan, type SpanFacts } from "../src/index.ts";

function read(attributes: Record<string, unknown>, changes: Partial<SpanFacts> = {}) {
  return readSpan({
    name: "span",
    scopeName: "@opentelemetry/instrumentation-openai",
    scopeVersion: "0.22.0",
    statusCode: 0,
    attributes,
    resourceAttributes: {},
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    ...changes,
  });
}

const CHAT = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "m" };

describe("reading a span", () => {
  it("takes an explicit zero as a value (litellm#37992)", () => {
    const reading = read({ ...CHAT, "gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0 });
    expect(reading).toMatchObject({ usageKnown: true, usage: { input: 0, output: 0 } });
  });

  it("takes NaN, null and text as not said (AI SDK 4 streams without usage)", () => {
    for (const value of [Number.NaN, null, "12", true, [1], {}]) {
      expect(read({ ...CHAT, "gen_ai.usage.input_tokens": value, "gen_ai.usage.output_tokens": value })).toMatchObject({
        usageKnown: false,
        usageIssue: null,
        usage: { input: null, output: null },
      });
    }
  });

  it("does not add cached tokens to a total that has them (langfuse#12306)", () => {
    const reading = read({
      ...CHAT,
      "gen_ai.usage.input_tokens": 100,
      "gen_ai.usage.cache_read.input_tokens": 40,
      "gen_ai.usage.output_tokens": 1,
    });
    expect(reading?.usage).toMatchObject({ input: 100, cacheRead: 40 });
  });

  it("adds cached tokens where a producer leaves them out, for the providers that do", () => {
    const usage = {
      "gen_ai.usage.input_tokens": 100,
      "gen_ai.usage.cache_read.input_tokens": 40,
      "gen_ai.usage.cache_creation.input_tokens": 9,
      "gen_ai.usage.output_tokens": 1,
    };
    const traceloop = { scopeName: "@traceloop/instrumentation-anthropic", scopeVersion: "0.27.0" };
    expect(read({ ...CHAT, "gen_ai.provider.name": "anthropic", ...usage }, traceloop)?.usage).toMatchObject({
      input: 149,
      cacheRead: 40,
      cacheWrite5m: 9,
    });
    expect(read({ ...CHAT, ...usage }, traceloop)?.usage).toMatchObject({ input: 100 });
  });

  it("does not add reasoning to an output that has it (langfuse#11244), and does where a producer leaves it out", () => {
    const usage = {
      "gen_ai.usage.input_tokens": 1,
      "gen_ai.usage.output_tokens": 50,
      "gen_ai.usage.reasoning_tokens": 30,
    };
    const openlit = { scopeName: "@openlit/instrumentation-google-ai", scopeVersion: "1.0.0" };
    const gemini = {
      "gen_ai.provider.name": "gcp.gemini",
      "gen_ai.request.model": "gemini-2.5-flash",
      "gen_ai.sdk.version": "1.15.0",
    };
    expect(read({ ...CHAT, ...usage })?.usage).toMatchObject({ output: 50, reasoning: 30 });
    expect(read({ ...CHAT, ...gemini, ...usage }, openlit)?.usage).toMatchObject({ output: 80, reasoning: 30 });
  });

  it("reads the AI SDK's Gemini output by what its total says", () => {
    const gemini = {
      "ai.operationId": "ai.streamObject.doStream",
      "gen_ai.system": "google.generative-ai",
      "gen_ai.request.model": "gemini-2.5-flash",
    };
    const usage = { "ai.usage.inputTokens": 100, "ai.usage.reasoningTokens": 30 };
    // AI SDK 5: the output has no reasoning, the total has. AI SDK 6: both have.
    const five = { ...gemini, ...usage, "ai.usage.outputTokens": 50, "ai.usage.totalTokens": 180 };
    const six = { ...gemini, ...usage, "ai.usage.outputTokens": 80, "ai.usage.totalTokens": 180 };
    expect(read(five, { scopeName: "ai" })?.usage).toMatchObject({ output: 80, reasoning: 30 });
    expect(read(six, { scopeName: "ai" })?.usage).toMatchObject({ output: 80, reasoning: 30 });
  });

  it("adds reasoning to xAI's output, and does not guess it where it is missing", () => {
    const grok = {
      ...CHAT,
      "gen_ai.provider.name": "x_ai",
      "gen_ai.request.model": "grok-4",
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.output_tokens": 5,
    };
    expect(read({ ...grok, "gen_ai.usage.reasoning_tokens": 40 })?.usage).toMatchObject({ output: 45, reasoning: 40 });
    expect(read(grok)).toMatchObject({ usageKnown: false, usage: { input: 10, output: null } });
    expect(read({ ...grok, "gen_ai.request.model": "grok-4-fast-non-reasoning" })?.usage).toMatchObject({ output: 5 });
  });

  it("flags impossible sums and does not guess them away", () => {
    const over = {
      ...CHAT,
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.cache_read.input_tokens": 40,
      "gen_ai.usage.output_tokens": 1,
    };
    expect(read(over)).toMatchObject({ usageIssue: "cache-exceeds-input", usageKnown: false });
    expect(read({ ...CHAT, "gen_ai.usage.input_tokens": -1, "gen_ai.usage.output_tokens": 1 })?.usageIssue).toBe(
      "negative-count",
    );
    expect(read({ ...CHAT, "gen_ai.usage.input_tokens": 1.5, "gen_ai.usage.output_tokens": 1 })?.usageIssue).toBe(
      "fractional-count",
    );
  });

  it("never reads usage that stands in texts", () => {
    const decoy = JSON.stringify({ usage: { prompt_tokens: 9_999_999, completion_tokens: 9_999_999 } });
    const reading = read({
      ...CHAT,
      "gen_ai.output.messages": decoy,
      "output.value": decoy,
      "traceloop.entity.output": decoy,
    });
    expect(reading).toMatchObject({ usageKnown: false, usage: { input: null } });
  });

  it("tells a refused attempt from one that was cut off (posthog-js#4664)", () => {
    const failed = { statusCode: 2 } as const;
    expect(read(CHAT, failed)).toMatchObject({ refused: true, usageKnown: false });
    expect(read({ ...CHAT, "error.type": "AbortError" }, failed)).toMatchObject({ refused: false, usageKnown: false });
    expect(read({ ...CHAT, "gen_ai.response.id": "r" }, failed)).toMatchObject({ refused: false });
    expect(read({ ...CHAT, "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 1 }, failed)).toMatchObject({
      refused: false,
      usageKnown: true,
    });
  });

  it("marks a producer that it does not know", () => {
    const reading = read(
      { ...CHAT, "gen_ai.usage.prompt_tokens": 5, "gen_ai.usage.completion_tokens": 1 },
      { scopeName: "somebody" },
    );
    expect(reading).toMatchObject({ recognised: false, dialect: "gen_ai", usage: { input: 5, output: 1 } });
    expect(read(CHAT)?.recognised).toBe(true);
  });

  it("is nothing for a span of no LLM producer", () => {
    expect(read({ "http.method": "GET" }, { scopeName: "@opentelemetry/instrumentation-http" })).toBeNull();
  });

  it("takes spans around calls for wrappers (phoenix#12768, braintrust-sdk-javascript#1377)", () => {
    const usage = { "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 1 };
    expect(read({ ...CHAT, "gen_ai.operation.name": "invoke_agent", ...usage })?.role).toBe("wrapper");
    expect(read({ "ai.operationId": "ai.generateText", "ai.usage.inputTokens": 5 }, { scopeName: "ai" })?.role).toBe(
      "wrapper",
    );
    expect(
      read({ "ai.operationId": "ai.generateText.doGenerate", "ai.usage.inputTokens": 5 }, { scopeName: "ai" })?.role,
    ).toBe("call");
  });

  it("takes a provider's own cost only where it is known to be passed through", () => {
    const metadata = JSON.stringify({ openrouter: { usage: { cost: 0.00123 } } });
    expect(
      read(
        { "ai.operationId": "ai.generateText.doGenerate", "ai.response.providerMetadata": metadata },
        { scopeName: "ai" },
      )?.providedUsd,
    ).toBe("0.00123");
    expect(read({ ...CHAT, "gen_ai.usage.cost": 99, "gen_ai.usage.cost.amount": 99 })?.providedUsd).toBeNull();
  });

  it("never throws, whatever the attributes are", () => {
    const keys = DIALECTS.flatMap(({ usage, fields }) => [
      ...Object.values(usage).flat(),
      ...Object.values(fields).flat(),
    ]).flatMap((source: unknown) =>
      typeof source === "string"
        ? [source]
        : typeof source === "object" && source !== null && "json" in source
          ? [String(source.json)]
          : [],
    );
    const value = fc.oneof(
      fc.anything(),
      fc.double(),
      fc.bigInt(),
      fc.json(),
      fc.constant("{"),
      fc.constant('{"anthropic":{"usage":[]}}'),
    );
    const scope = fc.constantFrom(
      ...DIALECTS.flatMap(({ recognise }) => recognise.scopes.map((name) => name.replace("*", "x"))),
      "",
      "other",
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...keys), value),
        scope,
        fc.string(),
        (attributes, scopeName, scopeVersion) => {
          read(attributes, { scopeName, scopeVersion });
        },
      ),
      { numRuns: 500 },
    );
  });
});
