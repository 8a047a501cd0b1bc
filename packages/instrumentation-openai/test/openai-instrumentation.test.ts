import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import OpenAI from "openai";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { OpenAIInstrumentation } from "../src/index.ts";
import { event, json, recordSpans, sse, startProvider } from "../../instrumentation/test/scripted-provider.ts";

const provider = await startProvider();
const baseURL = `${provider.origin}/openai-api/v1`;
const spans = recordSpans();
const instrumentation = new OpenAIInstrumentation({ enabled: false, baseUrls: [baseURL] });
instrumentation.setTracerProvider(spans.tracerProvider);

const USAGE = {
  prompt_tokens: 1200,
  completion_tokens: 340,
  total_tokens: 1540,
  prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 256, audio_tokens: 0 },
};
const COMPLETION = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-4o-mini-2024-07-18",
  service_tier: "default",
  choices: [{ index: 0, message: { role: "assistant", content: "Hé" }, finish_reason: "stop", logprobs: null }],
  usage: USAGE,
};
const CHUNK = {
  id: "chatcmpl-2",
  object: "chat.completion.chunk",
  created: 1,
  model: "gpt-4o-mini-2024-07-18",
  service_tier: "default",
};
const STREAM = [
  event({
    ...CHUNK,
    choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }],
    usage: null,
  }),
  event({ ...CHUNK, choices: [{ index: 0, delta: { content: "Gr" }, finish_reason: null }], usage: null }),
  event({ ...CHUNK, choices: [{ index: 0, delta: { content: "üße" }, finish_reason: null }], usage: null }),
  event({ ...CHUNK, choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage: null }),
  event({ ...CHUNK, choices: [], usage: USAGE }),
  event("[DONE]"),
];
const REQUEST = { model: "gpt-4o-mini", messages: [{ role: "user" as const, content: "secret" }] };

function createClient(maxRetries = 0) {
  return new OpenAI({ apiKey: "test", baseURL, maxRetries });
}

beforeEach(() => {
  spans.reset();
  instrumentation.enable();
});
afterEach(() => instrumentation.disable());
afterAll(() => provider.stop());

/** What the app sees without and with us. */
async function runBoth<T>(run: () => Promise<T>): Promise<{ without: T; with: T }> {
  instrumentation.disable();
  const without = await run();
  expect(spans.finished()).toEqual([]);
  instrumentation.enable();
  return { without, with: await run() };
}

const EXPECTED_USAGE = {
  "gen_ai.usage.input_tokens": 1200,
  "gen_ai.usage.output_tokens": 340,
  "gen_ai.usage.cache_read.input_tokens": 1024,
  "gen_ai.usage.reasoning.output_tokens": 256,
};

describe("OpenAIInstrumentation", () => {
  it("has its package's name and version as its scope", () => {
    expect(instrumentation.instrumentationName).toBe(manifest.name);
    expect(instrumentation.instrumentationVersion).toBe(manifest.version);
  });

  it("records a plain chat completion", async () => {
    provider.script(json(COMPLETION));
    const results = await runBoth(() => createClient().chat.completions.create(REQUEST));
    expect(results.with).toEqual(results.without);
    const [span] = spans.finished();
    expect(span?.name).toBe("chat gpt-4o-mini");
    expect(span?.kind).toBe(SpanKind.CLIENT);
    expect(span?.instrumentationScope).toMatchObject({ name: manifest.name, version: manifest.version });
    expect(span?.status.code).toBe(SpanStatusCode.UNSET);
    expect(span?.attributes).toEqual({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o-mini",
      "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
      "gen_ai.response.id": "chatcmpl-1",
      "gen_ai.response.finish_reasons": ["stop"],
      "server.address": "127.0.0.1",
      "server.port": provider.port,
      "spancost.attempt": 0,
      "spancost.service_tier": "default",
      ...EXPECTED_USAGE,
    });
  });

  it("records a stream that is read to its end, which the app gets unchanged", async () => {
    provider.script(sse(STREAM));
    const results = await runBoth(async () => {
      const chunks = [];
      const stream = await createClient().chat.completions.create({
        ...REQUEST,
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const chunk of stream) chunks.push(chunk);
      return chunks;
    });
    expect(results.with).toEqual(results.without);
    const [span, ...others] = spans.finished();
    expect(others).toEqual([]);
    expect(span?.attributes).toMatchObject({
      "gen_ai.request.stream": true,
      "gen_ai.response.id": "chatcmpl-2",
      ...EXPECTED_USAGE,
    });
  });

  it("ends the span of a stream that the app leaves early, without usage and without an error", async () => {
    provider.script(sse(STREAM, { paceMs: 30 }));
    const stream = await createClient().chat.completions.create({ ...REQUEST, stream: true });
    for await (const _chunk of stream) break;
    const [span] = await spans.waitFor(1);
    expect(span?.attributes["gen_ai.response.model"]).toBe("gpt-4o-mini-2024-07-18");
    expect(span?.attributes).not.toHaveProperty("gen_ai.usage.input_tokens");
    expect(span?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it("ends the span of a stream that the app aborts, which sees the same outcome", async () => {
    provider.script(sse(STREAM, { paceMs: 30 }));
    const results = await runBoth(async () => {
      const stream = await createClient().chat.completions.create({
        ...REQUEST,
        stream: true,
        stream_options: { include_usage: true },
      });
      const seen = [];
      try {
        for await (const chunk of stream) {
          seen.push(chunk);
          stream.controller.abort();
        }
      } catch (error) {
        seen.push(String(error));
      }
      return seen;
    });
    expect(results.with).toEqual(results.without);
    expect(await spans.waitFor(1)).toHaveLength(1);
  });

  it("records a connection that breaks in the middle of a stream as an error", async () => {
    provider.script((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(STREAM[0]);
      setTimeout(() => response.destroy(), 20);
    });
    const results = await runBoth(async () => {
      const stream = await createClient().chat.completions.create({ ...REQUEST, stream: true });
      try {
        for await (const _chunk of stream);
        return "ended";
      } catch (error) {
        return String(error);
      }
    });
    expect(results.with).toBe(results.without);
    const [span] = await spans.waitFor(1);
    expect(span?.status.code).toBe(SpanStatusCode.ERROR);
    expect(span?.attributes["error.type"]).toBe("UND_ERR_SOCKET");
  });

  it("records one span an attempt when the SDK retries", async () => {
    provider.script(json({ error: { message: "slow down" } }, 429, { "retry-after-ms": "1" }), json(COMPLETION));
    await createClient(2).chat.completions.create(REQUEST);
    const [refused, answered] = spans.finished();
    expect(refused?.status.code).toBe(SpanStatusCode.ERROR);
    expect(refused?.attributes).toMatchObject({
      "error.type": "429",
      "http.response.status_code": 429,
      "spancost.attempt": 0,
    });
    expect(refused?.attributes).not.toHaveProperty("gen_ai.usage.input_tokens");
    expect(answered?.attributes).toMatchObject({ "spancost.attempt": 1, ...EXPECTED_USAGE });
  });

  it("leaves the SDK's error of a failed call as it is", async () => {
    provider.script(json({ error: { message: "broken", code: "oops" } }, 500));
    const results = await runBoth(() =>
      createClient()
        .chat.completions.create(REQUEST)
        .catch((error: unknown) => error),
    );
    expect(results.with).toBeInstanceOf(OpenAI.InternalServerError);
    expect(String(results.with)).toBe(String(results.without));
    expect(spans.finished().map((span) => span.attributes["error.type"])).toEqual(["500"]);
  });

  it("records a call to a port where nobody listens", async () => {
    const client = new OpenAI({ apiKey: "test", baseURL: `http://127.0.0.1:1/openai-api/v1`, maxRetries: 0 });
    instrumentation.setConfig({ hosts: ["127.0.0.1:1"] });
    await expect(client.chat.completions.create(REQUEST)).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
    instrumentation.setConfig({ baseUrls: [baseURL] });
    const [span] = spans.finished();
    expect(span?.status.code).toBe(SpanStatusCode.ERROR);
    expect(span?.attributes["error.type"]).toEqual(expect.any(String));
  });

  it("leaves .withResponse(), .asResponse() and .parse() working", async () => {
    provider.script(json(COMPLETION, 200, { "x-request-id": "req_1" }));
    const results = await runBoth(async () => {
      const { data, response, request_id } = await createClient().chat.completions.create(REQUEST).withResponse();
      const raw = await createClient().chat.completions.create(REQUEST).asResponse();
      const copy = raw.clone();
      const parsed = await createClient().chat.completions.parse(REQUEST);
      return {
        data,
        request_id,
        url: response.url,
        used: response.bodyUsed,
        raw: [raw instanceof Response, raw.url, raw.status, raw.type, raw.redirected, raw.bodyUsed, await raw.json()],
        copy: [copy instanceof Response, copy.url, copy.type, await copy.text()],
        content: parsed.choices[0]?.message.content,
      };
    });
    expect(results.with).toEqual(results.without);
    const finished = spans.finished();
    expect(finished).toHaveLength(3);
    for (const span of finished) expect(span.attributes).toMatchObject(EXPECTED_USAGE);
  });

  it("records responses, plain and streamed", async () => {
    const response = {
      id: "resp_1",
      object: "response",
      model: "gpt-5-mini-2025-08-07",
      status: "completed",
      service_tier: "flex",
      output: [{ type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } }],
      usage: {
        input_tokens: 90,
        input_tokens_details: { cached_tokens: 64, cache_write_tokens: 20 },
        output_tokens: 50,
        output_tokens_details: { reasoning_tokens: 32 },
        total_tokens: 140,
      },
    };
    provider.script(
      json(response),
      sse([
        event(
          {
            type: "response.created",
            response: { ...response, service_tier: "auto", status: "in_progress", usage: null },
          },
          "response.created",
        ),
        event({ type: "response.output_text.delta", delta: "x" }, "response.output_text.delta"),
        event({ type: "response.completed", response }, "response.completed"),
      ]),
    );
    const client = createClient();
    await client.responses.create({ model: "gpt-5-mini", input: "secret" });
    for await (const _event of await client.responses.create({ model: "gpt-5-mini", input: "secret", stream: true }));
    const finished = spans.finished();
    expect(finished).toHaveLength(2);
    for (const span of finished) {
      expect(span.name).toBe("chat gpt-5-mini");
      expect(span.attributes).toMatchObject({
        "gen_ai.usage.input_tokens": 90,
        "gen_ai.usage.output_tokens": 50,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.cache_write.input_tokens": 20,
        "gen_ai.usage.reasoning.output_tokens": 32,
        "spancost.service_tier": "flex",
        "spancost.usage.web_search_requests": 1,
      });
    }
  });

  it("records embeddings", async () => {
    const data = [
      { object: "embedding", index: 0, embedding: Buffer.from(new Float32Array([1, 2]).buffer).toString("base64") },
    ];
    provider.script(
      json({ object: "list", data, model: "text-embedding-3-small", usage: { prompt_tokens: 8, total_tokens: 8 } }),
    );
    const result = await createClient().embeddings.create({ model: "text-embedding-3-small", input: "secret" });
    expect(result.data[0]?.embedding).toEqual([1, 2]);
    expect(spans.finished()[0]?.name).toBe("embeddings text-embedding-3-small");
    expect(spans.finished()[0]?.attributes).toMatchObject({
      "gen_ai.usage.input_tokens": 8,
      "gen_ai.usage.output_tokens": 0,
    });
  });

  it("puts no prompt and no completion on a span", async () => {
    provider.script(json(COMPLETION));
    await createClient().chat.completions.create(REQUEST);
    const text = JSON.stringify(spans.finished().map((span) => [span.name, span.attributes, span.events]));
    expect(text).not.toContain("secret");
    expect(text).not.toContain("Hé");
  });
});
