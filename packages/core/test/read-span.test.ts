import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
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

function readAiSdk(attributes: Record<string, unknown>) {
  return read({ "ai.operationId": "ai.generateText.doGenerate", ...attributes }, { scopeName: "ai" });
}

function readLangSmith(provider: string, input: number, details: object, outputDetails: object = {}) {
  const attributes = {
    "langsmith.span.kind": "llm",
    "gen_ai.system": provider,
    "gen_ai.usage.input_tokens": input,
    "gen_ai.usage.output_tokens": 50,
    "gen_ai.usage.input_token_details": JSON.stringify(details),
    "gen_ai.usage.output_token_details": JSON.stringify(outputDetails),
  };
  return read(attributes, { scopeName: "langsmith" });
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
    for (const type of ["400", "429", "503", "RateLimitError"]) {
      const echoed = { ...CHAT, "gen_ai.response.model": CHAT["gen_ai.request.model"], "error.type": type };
      expect(read(echoed, failed)).toMatchObject({ refused: true, usageKnown: false });
    }
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
    const cost = { "ai.response.providerMetadata": JSON.stringify({ openrouter: { usage: { cost: 0.00123 } } }) };
    expect(readAiSdk({ ...cost, "gen_ai.system": "openrouter.chat" })?.providedUsd).toBe("0.00123");
    expect(readAiSdk({ ...cost, "gen_ai.system": "openai.chat" })?.providedUsd).toBeNull();
    expect(readAiSdk(cost)?.providedUsd).toBeNull();
    expect(read({ ...CHAT, "gen_ai.usage.cost": 99, "gen_ai.usage.cost.amount": 99 })?.providedUsd).toBeNull();
  });

  it.each([
    [0.000_012_345_678_901_23, "0.000012345679"],
    [0.000_000_000_000_5, "0.000000000001"],
    [0.000_000_000_000_49, "0"],
    [5e-324, "0"],
    [0, "0"],
    [1_000_000, "1000000"],
    [1_000_000.01, null],
    [1e300, null],
    [-0.01, null],
  ])("rounds a provider's own cost of %s USD to %s", (cost, usd) => {
    const metadata = JSON.stringify({ openrouter: { usage: { cost } } });
    const call = { "gen_ai.system": "openrouter", "ai.response.providerMetadata": metadata };
    expect(readAiSdk(call)?.providedUsd).toBe(usd);
  });

  it("counts as the provider's API does, whatever model is behind it", () => {
    const usage = { "ai.usage.inputTokens": 110, "ai.usage.cachedInputTokens": 100, "ai.usage.outputTokens": 1 };
    const inputOf = (provider: string, model: string) =>
      readAiSdk({ "gen_ai.system": provider, "gen_ai.request.model": model, ...usage })?.usage.input;
    for (const provider of ["openrouter", "litellm.chat", "openai.chat", "azure.responses"]) {
      expect(inputOf(provider, "anthropic/claude-sonnet-4.5")).toBe(110);
    }
    for (const provider of ["anthropic.messages", "amazon-bedrock", "vertex.anthropic.messages", "google-vertex"]) {
      expect(inputOf(provider, "claude-sonnet-4-5")).toBe(210);
    }
    for (const provider of ["", "langchain", "vercel", "vercel_ai"]) {
      expect(inputOf(provider, "claude-sonnet-4-5")).toBe(210);
      expect(inputOf(provider, "gpt-5")).toBe(110);
    }
  });

  it("adds reasoning to Gemini's and Grok's output only where their own APIs answered", () => {
    const traceloop = { scopeName: "@traceloop/instrumentation-openai", scopeVersion: "0.27.0" };
    const usage = { "gen_ai.usage.output_tokens": 5, "gen_ai.usage.reasoning_tokens": 4 };
    const outputOf = (provider: string, model: string) =>
      read({ ...CHAT, "gen_ai.provider.name": provider, "gen_ai.request.model": model, ...usage }, traceloop)?.usage
        .output;
    expect(outputOf("gcp.gen_ai", "gemini-2.5-pro")).toBe(9);
    expect(outputOf("openrouter", "google/gemini-2.5-pro")).toBe(5);
    expect(outputOf("xai", "grok-4")).toBe(9);
    expect(outputOf("langchain", "grok-4")).toBe(9);
    expect(outputOf("openrouter", "x-ai/grok-4")).toBe(5);
  });

  it("reads what AI SDK 4, and Bedrock on 5, have only in the provider's metadata", () => {
    const usage = { "ai.usage.promptTokens": 100, "ai.usage.completionTokens": 50 };
    const readCall = (provider: string, metadata: object, more: Record<string, unknown> = {}) => {
      const passedOn = { "ai.response.providerMetadata": JSON.stringify(metadata) };
      return readAiSdk({ "gen_ai.system": provider, ...usage, ...passedOn, ...more })?.usage;
    };
    expect(readCall("openai.chat", { openai: { cachedPromptTokens: 40, reasoningTokens: 30 } })).toMatchObject({
      input: 100,
      cacheRead: 40,
      output: 50,
      reasoning: 30,
    });
    const anthropic = { anthropic: { cacheReadInputTokens: 7, cacheCreationInputTokens: 3 } };
    expect(readCall("anthropic.messages", anthropic)).toMatchObject({ input: 110, cacheRead: 7, cacheWrite5m: 3 });
    const bedrock = { bedrock: { usage: { cacheReadInputTokens: 8, cacheWriteInputTokens: 2 } } };
    expect(readCall("amazon-bedrock", bedrock)).toMatchObject({ input: 110, cacheRead: 8, cacheWrite5m: 2 });
    expect(readCall("amazon-bedrock", bedrock, { "ai.usage.cachedInputTokens": 9 })).toMatchObject({ cacheRead: 9 });
  });

  it("takes OpenLLMetry's low input for a guess in OpenAI chats only", () => {
    const messages = JSON.stringify([{ role: "user" }, { role: "user" }]);
    const low = { "gen_ai.input.messages": messages, "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 1 };
    const traceloop = { scopeName: "@traceloop/instrumentation-openai", scopeVersion: "0.27.0" };
    expect(read({ ...CHAT, ...low }, traceloop)).toMatchObject({ usageKnown: false });
    expect(read({ ...CHAT, ...low, "gen_ai.provider.name": "anthropic" }, traceloop)).toMatchObject({
      usageKnown: true,
      usage: { input: 7 },
    });
    expect(read({ ...CHAT, ...low, "gen_ai.operation.name": "embeddings" }, traceloop)?.usage.input).toBe(7);
  });

  it("adds up every part of Langfuse's usage, and needs its plain part", () => {
    const readDetails = (details: object) =>
      read(
        {
          "langfuse.observation.type": "generation",
          "langfuse.observation.usage_details": JSON.stringify(details),
        },
        { scopeName: "langfuse-sdk" },
      );
    const parts = { input: 10, input_cached_tokens: 5, input_audio_tokens: 2, input_image: 1 };
    const out = { output: 20, output_reasoning_tokens: 4, output_accepted_prediction_tokens: 3 };
    const rejected = { output_rejected_prediction_tokens: 2, total: 47 };
    expect(readDetails({ ...parts, ...out, ...rejected })?.usage).toMatchObject({
      input: 18,
      cacheRead: 5,
      audioIn: 2,
      output: 29,
      reasoning: 4,
    });
    const anthropic = { input: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 1, output: 3 };
    expect(readDetails(anthropic)?.usage).toMatchObject({ input: 16, cacheRead: 5, cacheWrite5m: 1 });
    expect(readDetails({ input_cached_tokens: 5, output_reasoning: 4 })?.usageKnown).toBe(false);
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`input_${index}`, 1]));
    expect(readDetails({ ...parts, ...many, output: 1 })).toMatchObject({ usageKnown: false, usage: { input: null } });
  });

  it("reads what Genkit passes on from OpenAI's responses and Anthropic's messages", () => {
    const readOutput = (name: string, usage: object) => {
      const model = { "genkit:type": "action", "genkit:metadata:subtype": "model", "genkit:name": name };
      const output = { "genkit:output": JSON.stringify({ raw: { usage } }) };
      return read({ ...model, ...output }, { scopeName: "genkit-tracer" })?.usage;
    };
    const details = { input_tokens_details: { cached_tokens: 40 }, output_tokens_details: { reasoning_tokens: 30 } };
    expect(readOutput("openai/gpt-5", { input_tokens: 100, output_tokens: 50, ...details })).toMatchObject({
      input: 100,
      cacheRead: 40,
      output: 50,
      reasoning: 30,
    });
    const cache = { cache_read_input_tokens: 7, cache_creation_input_tokens: 3 };
    for (const name of ["anthropic/claude-sonnet-4-5", "vertexai/claude-sonnet-4-5"]) {
      expect(readOutput(name, { input_tokens: 100, output_tokens: 50, ...cache })).toMatchObject({
        input: 110,
        cacheRead: 7,
        cacheWrite5m: 3,
      });
    }
  });

  it("adds up LangSmith's details of service tiers", () => {
    const details = { priority: 60, priority_cache_read: 40 };
    expect(readLangSmith("openai", 100, details, { priority: 20, priority_reasoning: 30 })).toMatchObject({
      recognised: true,
      usage: { input: 100, cacheRead: 40, output: 50, reasoning: 30 },
    });
  });

  it("takes a LangSmith input below its cache for Anthropic's own (langsmith-sdk#2519)", () => {
    const cache = { cache_read: 30, cache_creation: 9 };
    expect(readLangSmith("anthropic", 19, cache)).toMatchObject({ usageIssue: null, usage: { input: 58 } });
    expect(readLangSmith("anthropic", 58, cache)).toMatchObject({ usageIssue: null, usage: { input: 58 } });
    expect(readLangSmith("openai", 19, cache)?.usageIssue).toBe("cache-exceeds-input");
  });

  it("reads OpenInference's attributes from a producer that it does not know, and marks it", () => {
    const call = { "openinference.span.kind": "LLM", "llm.model_name": "gpt-5", "llm.provider": "openai" };
    const other = { scopeName: "somebody" };
    const counts = { "llm.token_count.prompt": 5, "llm.token_count.completion": 1 };
    const conventional = { "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 1 };
    for (const usage of [counts, conventional]) {
      expect(read({ ...call, ...usage }, other)).toMatchObject({
        recognised: false,
        dialect: "openinference-unknown",
        role: "call",
        modelReported: "gpt-5",
        usage: { input: 5, output: 1 },
      });
    }
    expect(read({ "openinference.span.kind": "CHAIN", ...counts }, other)?.role).toBe("wrapper");
    expect(read({ ...call, ...counts }, { scopeName: "@arizeai/openinference-x" })).toMatchObject({
      recognised: true,
      dialect: "openinference",
    });
  });

  it("parses an attribute once, also when it is no JSON", () => {
    const parse = vi.spyOn(JSON, "parse");
    readAiSdk({ "ai.response.providerMetadata": "{no" });
    expect(parse).toHaveBeenCalledTimes(1);
    parse.mockRestore();
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
