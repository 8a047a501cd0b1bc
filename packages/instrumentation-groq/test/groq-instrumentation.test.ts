import Groq from "groq-sdk";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { GroqInstrumentation } from "../src/index.ts";
import { event, json, recordSpans, sse, startProvider } from "../../instrumentation/test/scripted-provider.ts";

const provider = await startProvider();
const baseURL = `${provider.origin}/groq-api`;
const spans = recordSpans();
const instrumentation = new GroqInstrumentation({ enabled: false, baseUrls: [baseURL] });
instrumentation.setTracerProvider(spans.tracerProvider);

const USAGE = {
  queue_time: 0.01,
  prompt_tokens: 40,
  completion_tokens: 12,
  total_tokens: 52,
  prompt_tokens_details: { cached_tokens: 32 },
};
const COMPLETION = {
  id: "chatcmpl-g1",
  object: "chat.completion",
  created: 1,
  model: "llama-3.3-70b-versatile",
  service_tier: "on_demand",
  choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop", logprobs: null }],
  usage: USAGE,
  x_groq: { id: "req_1" },
};
const CHUNK = { id: "chatcmpl-g2", object: "chat.completion.chunk", created: 1, model: "llama-3.3-70b-versatile" };
const STREAM = [
  event({
    ...CHUNK,
    choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }],
    x_groq: { id: "req_1" },
  }),
  event({ ...CHUNK, choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: null }] }),
  event({ ...CHUNK, choices: [{ index: 0, delta: {}, finish_reason: "stop" }], x_groq: { id: "req_1", usage: USAGE } }),
  event("[DONE]"),
];
const REQUEST = { model: "llama-3.3-70b-versatile", messages: [{ role: "user" as const, content: "secret" }] };
const EXPECTED = {
  "gen_ai.provider.name": "groq",
  "gen_ai.response.model": "llama-3.3-70b-versatile",
  "gen_ai.response.finish_reasons": ["stop"],
  "gen_ai.usage.input_tokens": 40,
  "gen_ai.usage.output_tokens": 12,
  "gen_ai.usage.cache_read.input_tokens": 32,
};

function createClient(maxRetries = 0) {
  return new Groq({ apiKey: "test", baseURL, maxRetries });
}

beforeEach(() => {
  spans.reset();
  instrumentation.enable();
});
afterEach(() => instrumentation.disable());
afterAll(() => provider.stop());

describe("GroqInstrumentation", () => {
  it("has its package's name and version as its scope", () => {
    expect([instrumentation.instrumentationName, instrumentation.instrumentationVersion]).toEqual([
      manifest.name,
      manifest.version,
    ]);
  });

  it("records a plain chat completion", async () => {
    provider.script(json(COMPLETION));
    const { data } = await createClient().chat.completions.create(REQUEST).withResponse();
    expect(data.choices[0]?.message.content).toBe("Hi");
    expect(spans.finished()).toHaveLength(1);
    expect(spans.finished()[0]?.attributes).toMatchObject({ ...EXPECTED, "spancost.service_tier": "on_demand" });
  });

  it("records a stream, whose usage stands in x_groq", async () => {
    provider.script(sse(STREAM));
    const texts = [];
    for await (const chunk of await createClient().chat.completions.create({ ...REQUEST, stream: true })) {
      texts.push(chunk.choices[0]?.delta.content);
    }
    expect(texts).toEqual(["", "Hi", undefined]);
    expect(spans.finished()).toHaveLength(1);
    expect(spans.finished()[0]?.attributes).toMatchObject({ ...EXPECTED, "gen_ai.request.stream": true });
  });

  it("ends the span of a stream that the app leaves early", async () => {
    provider.script(sse(STREAM, { paceMs: 30 }));
    for await (const _chunk of await createClient().chat.completions.create({ ...REQUEST, stream: true })) break;
    const [span] = await spans.waitFor(1);
    expect(span?.attributes).not.toHaveProperty("gen_ai.usage.output_tokens");
  });

  it("records one span an attempt when the SDK retries, and an error that stays one", async () => {
    provider.script(json({ error: { message: "slow" } }, 429, { "retry-after": "0" }), json(COMPLETION), json({}, 500));
    await createClient(1).chat.completions.create(REQUEST);
    await expect(createClient().chat.completions.create(REQUEST)).rejects.toBeInstanceOf(Groq.InternalServerError);
    expect(
      spans.finished().map((span) => [span.attributes["spancost.attempt"], span.attributes["error.type"]]),
    ).toEqual([
      [0, "429"],
      [1, undefined],
      [0, "500"],
    ]);
  });
});
