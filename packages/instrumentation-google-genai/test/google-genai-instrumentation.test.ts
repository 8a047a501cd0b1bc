import { GoogleGenAI } from "@google/genai";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { GoogleGenAIInstrumentation } from "../src/index.ts";
import { event, json, recordSpans, sse, startProvider } from "../../instrumentation/test/scripted-provider.ts";

const provider = await startProvider();
const baseUrl = `${provider.origin}/google`;
const spans = recordSpans();
const instrumentation = new GoogleGenAIInstrumentation({ enabled: false, baseUrls: [baseUrl] });
instrumentation.setTracerProvider(spans.tracerProvider);

const USAGE = {
  promptTokenCount: 500,
  cachedContentTokenCount: 400,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 80,
  toolUsePromptTokenCount: 7,
  totalTokenCount: 607,
  promptTokensDetails: [
    { modality: "TEXT", tokenCount: 450 },
    { modality: "AUDIO", tokenCount: 50 },
  ],
};
const ANSWER = {
  candidates: [{ content: { role: "model", parts: [{ text: "Hi" }] }, finishReason: "STOP", index: 0 }],
  usageMetadata: USAGE,
  modelVersion: "gemini-2.5-flash",
  responseId: "r1",
};
const PART = {
  candidates: [{ content: { role: "model", parts: [{ text: "H" }] }, index: 0 }],
  modelVersion: "gemini-2.5-flash",
  responseId: "r1",
};
const STREAM = [
  event({ ...PART, usageMetadata: { promptTokenCount: 500, candidatesTokenCount: 1, totalTokenCount: 501 } }),
  event({ ...PART, usageMetadata: { promptTokenCount: 500, candidatesTokenCount: 5, totalTokenCount: 505 } }),
  event(ANSWER),
];
const REQUEST = { model: "gemini-2.5-flash", contents: "secret" };
const EXPECTED = {
  "gen_ai.operation.name": "generate_content",
  "gen_ai.provider.name": "gcp.gemini",
  "gen_ai.request.model": "gemini-2.5-flash",
  "gen_ai.response.model": "gemini-2.5-flash",
  "gen_ai.response.finish_reasons": ["STOP"],
  "gen_ai.usage.input_tokens": 507,
  "gen_ai.usage.output_tokens": 100,
  "gen_ai.usage.cache_read.input_tokens": 400,
  "gen_ai.usage.reasoning.output_tokens": 80,
  "spancost.usage.audio.input_tokens": 50,
};

function createClient() {
  return new GoogleGenAI({ apiKey: "test", httpOptions: { baseUrl } });
}

beforeEach(() => {
  spans.reset();
  instrumentation.enable();
});
afterEach(() => instrumentation.disable());
afterAll(() => provider.stop());

describe("GoogleGenAIInstrumentation", () => {
  it("has its package's name and version as its scope", () => {
    expect([instrumentation.instrumentationName, instrumentation.instrumentationVersion]).toEqual([
      manifest.name,
      manifest.version,
    ]);
  });

  it("records generateContent, adding thoughts to the output and tool results to the input", async () => {
    provider.script(json(ANSWER));
    const answer = await createClient().models.generateContent(REQUEST);
    expect(answer.text).toBe("Hi");
    expect(spans.finished()).toHaveLength(1);
    expect(spans.finished()[0]?.name).toBe("generate_content gemini-2.5-flash");
    expect(spans.finished()[0]?.attributes).toMatchObject(EXPECTED);
  });

  it("records a stream, of whose cumulative usages the last counts", async () => {
    provider.script(sse(STREAM));
    const texts = [];
    for await (const chunk of await createClient().models.generateContentStream(REQUEST)) texts.push(chunk.text);
    expect(texts).toEqual(["H", "H", "Hi"]);
    expect(spans.finished()).toHaveLength(1);
    expect(spans.finished()[0]?.attributes).toMatchObject({ ...EXPECTED, "gen_ai.request.stream": true });
  });

  it("records embeddings", async () => {
    provider.script(json({ embeddings: [{ values: [1, 2] }], usageMetadata: { promptTokenCount: 4 } }));
    const result = await createClient().models.embedContent({ model: "gemini-embedding-001", contents: "secret" });
    expect(result.embeddings?.[0]?.values).toEqual([1, 2]);
    expect(spans.finished()[0]?.name).toBe("embeddings gemini-embedding-001");
    expect(spans.finished()[0]?.attributes).toMatchObject({
      "gen_ai.usage.input_tokens": 4,
      "gen_ai.usage.output_tokens": 0,
    });
  });

  it("records a refusal as an error without usage", async () => {
    provider.script(json({ error: { code: 400, status: "INVALID_ARGUMENT", message: "no" } }, 400));
    await expect(createClient().models.generateContent(REQUEST)).rejects.toThrow("no");
    expect(spans.finished()[0]?.attributes).toMatchObject({ "error.type": "400", "http.response.status_code": 400 });
  });

  it("tells Vertex AI's paths from AI Studio's", async () => {
    provider.script(json(ANSWER));
    const path = "v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent";
    await (await fetch(`${baseUrl}/${path}`, { method: "POST", body: "{}" })).json();
    expect(spans.finished()[0]?.attributes).toMatchObject({ ...EXPECTED, "gen_ai.provider.name": "gcp.vertex_ai" });
  });

  it.each([
    ["v1beta/openai", "gcp.gemini", { total_tokens: 61 }, 30],
    ["v1/projects/p/locations/l/endpoints/openapi", "gcp.vertex_ai", { total_tokens: 31 }, undefined],
  ])(
    "records calls in OpenAI's format, whose thoughts are in the total alone: %s",
    async (path, name, total, thoughts) => {
      const usage = { prompt_tokens: 21, completion_tokens: 10, ...total };
      const choices = [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }];
      provider.script(json({ id: "g1", model: "gemini-2.5-flash", choices, usage }));
      const body = JSON.stringify({ model: "gemini-2.5-flash", messages: [] });
      await (await fetch(`${baseUrl}/${path}/chat/completions`, { method: "POST", body })).json();
      const [span] = spans.finished();
      expect([
        span?.attributes["gen_ai.provider.name"],
        span?.attributes["gen_ai.usage.input_tokens"],
        span?.attributes["gen_ai.usage.output_tokens"],
        span?.attributes["gen_ai.usage.reasoning.output_tokens"],
      ]).toEqual([name, 21, total.total_tokens - 21, thoughts]);
    },
  );

  it("records Claude on Vertex AI, with the location that its price depends on", async () => {
    const usage = {
      input_tokens: 21,
      cache_read_input_tokens: 1_000,
      cache_creation_input_tokens: 300,
      output_tokens: 57,
    };
    const message = { id: "msg_vrtx_1", type: "message", model: "claude-sonnet-4-5-20250929", usage };
    const started = { ...message, usage: { ...usage, output_tokens: 1 } };
    const stream = [
      event({ type: "message_start", message: started }, "message_start"),
      event(
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 57 } },
        "message_delta",
      ),
      event({ type: "message_stop" }, "message_stop"),
    ];
    provider.script(json(message), sse(stream));
    const model = "v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929";
    for (const method of ["rawPredict", "streamRawPredict"]) {
      await (await fetch(`${baseUrl}/${model}:${method}`, { method: "POST", body: "{}" })).text();
    }
    await spans.waitFor(2);
    expect(spans.finished()).toHaveLength(2);
    for (const { attributes } of spans.finished()) {
      expect(attributes).toMatchObject({
        "gen_ai.provider.name": "gcp.vertex_ai",
        "gen_ai.request.model": "claude-sonnet-4-5@20250929",
        "gen_ai.usage.input_tokens": 1_321,
        "gen_ai.usage.output_tokens": 57,
        "spancost.inference_region": "us-east5",
      });
    }
  });
});
