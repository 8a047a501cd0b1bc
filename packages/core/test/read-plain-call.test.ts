import fc from "fast-check";
import { expect, it } from "vitest";
import { GEN_AI, readPlainCall, readSpan, SPANCOST, type SpanFacts } from "../src/index.ts";

const count = fc.oneof(
  { weight: 8, arbitrary: fc.nat(1_000) },
  fc.constantFrom<unknown>(-1, 0.5, Number.NaN, null, "7", 2 ** 60, true),
);
const text = (...values: string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...values) },
    fc.constantFrom<unknown>("", " ", "\u00a0", " padded ", 7, ["a"]),
  );

/** Every name that the dialect of our own spans reads, in values that occur and values that should not. */
const attributes = fc.record(
  {
    [GEN_AI.operationName]: text("chat", "embeddings", "execute_tool", "Chat", "no-such-operation"),
    [GEN_AI.providerName]: text("openai", "OpenAI", "x_ai"),
    "gen_ai.system": text("anthropic"),
    [GEN_AI.requestModel]: text("gpt-4o-mini"),
    [GEN_AI.responseModel]: text("gpt-4o-mini-2024-07-18"),
    [SPANCOST.serviceTier]: text("default", "flex"),
    "openai.response.service_tier": text("priority"),
    [SPANCOST.inferenceRegion]: text("us"),
    [GEN_AI.inputTokens]: count,
    "gen_ai.usage.prompt_tokens": count,
    [GEN_AI.outputTokens]: count,
    [GEN_AI.cacheReadInputTokens]: count,
    "gen_ai.usage.cached_tokens": count,
    [GEN_AI.cacheWriteInputTokens]: count,
    "gen_ai.usage.cache_creation.input_tokens": count,
    [SPANCOST.cacheWrite1hInputTokens]: count,
    [GEN_AI.reasoningOutputTokens]: count,
    "gen_ai.usage.reasoning_tokens": count,
    [SPANCOST.audioInputTokens]: count,
    [SPANCOST.images]: count,
    [SPANCOST.webSearchRequests]: count,
    [GEN_AI.costAmount]: fc.constant(1),
    [GEN_AI.costSource]: fc.constantFrom("provider", "local"),
  },
  { requiredKeys: [] },
);
/** What is mostly there, so that many of the spans are plain. */
const usual = fc.constant({
  [GEN_AI.operationName]: "chat",
  [GEN_AI.providerName]: "openai",
  [GEN_AI.requestModel]: "gpt-4o-mini",
  [GEN_AI.inputTokens]: 100,
  [GEN_AI.outputTokens]: 10,
});
const spans = attributes.chain((extra) =>
  fc
    .tuple(
      usual,
      fc.subarray(Object.entries(extra), { maxLength: 4 }),
      fc.option(fc.constantFrom(...Object.keys(extra), "none")),
    )
    .map(([base, kept, removed]) =>
      Object.fromEntries(Object.entries({ ...base, ...Object.fromEntries(kept) }).filter(([name]) => name !== removed)),
    ),
);

function facts(span: Readonly<Record<string, unknown>>): SpanFacts {
  return {
    name: "chat",
    scopeName: "@spancost/instrumentation-openai",
    scopeVersion: "0.1.0",
    statusCode: 0,
    attributes: span,
    resourceAttributes: {},
    startTimeUnixNano: 0n,
    endTimeUnixNano: 1n,
  };
}

it("reads every plain call as the dialect does, and leaves the others to it", () => {
  let plain = 0;
  fc.assert(
    fc.property(spans, (span) => {
      const brief = readPlainCall(span);
      if (brief === null) return;
      plain += 1;
      const full = readSpan(facts(span));
      expect(full?.role).toBe("call");
      expect(full?.providedUsd).toBeNull();
      const { provider, modelRequested, modelReported, serviceTier, inferenceRegion, ...tokens } = brief;
      expect([provider.trim().toLowerCase(), modelRequested.trim(), modelReported.trim()]).toEqual([
        full?.provider,
        full?.modelRequested,
        full?.modelReported,
      ]);
      expect([serviceTier.trim().toLowerCase(), inferenceRegion.trim().toLowerCase()]).toEqual([
        full?.serviceTier,
        full?.inferenceRegion,
      ]);
      const known = Object.fromEntries(Object.entries(full?.usage ?? {}).filter(([, value]) => value !== null));
      expect(tokens).toEqual({ cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0, ...known });
    }),
    { numRuns: 5_000 },
  );
  expect(plain).toBeGreaterThan(500);
});

it("leaves a part whose sum is null to the dialect", () => {
  const span = {
    [GEN_AI.operationName]: "chat",
    [GEN_AI.providerName]: "openai",
    [GEN_AI.requestModel]: "gpt-4o-mini",
    [GEN_AI.inputTokens]: 100,
    [GEN_AI.outputTokens]: 10,
  };
  expect(readPlainCall(span)).not.toBeNull();
  const partOnly = { [GEN_AI.cacheWriteInputTokens]: null, [SPANCOST.cacheWrite1hInputTokens]: 65 };
  expect(readPlainCall({ ...span, ...partOnly })).toBeNull();
});
