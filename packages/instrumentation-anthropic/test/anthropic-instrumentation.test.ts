import Anthropic from "@anthropic-ai/sdk";
import { SpanStatusCode } from "@opentelemetry/api";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { AnthropicInstrumentation } from "../src/index.ts";
import { event, json, recordSpans, sse, startProvider } from "../../instrumentation/test/scripted-provider.ts";

const provider = await startProvider();
const baseURL = `${provider.origin}/anthropic`;
const spans = recordSpans();
const instrumentation = new AnthropicInstrumentation({ enabled: false, baseUrls: [baseURL] });
instrumentation.setTracerProvider(spans.tracerProvider);

const USAGE = {
  input_tokens: 21,
  cache_creation_input_tokens: 300,
  cache_read_input_tokens: 1000,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
  output_tokens: 57,
  server_tool_use: { web_search_requests: 2 },
  service_tier: "standard",
  inference_geo: "us",
};
const MESSAGE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-opus-4-8-20260901",
  content: [{ type: "text", text: "Hi" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: USAGE,
};
const STREAM = [
  event(
    {
      type: "message_start",
      message: { ...MESSAGE, content: [], stop_reason: null, usage: { ...USAGE, output_tokens: 3 } },
    },
    "message_start",
  ),
  event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }, "content_block_start"),
  event({ type: "ping" }, "ping"),
  event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } }, "content_block_delta"),
  event({ type: "content_block_stop", index: 0 }, "content_block_stop"),
  event({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 57 } }, "message_delta"),
  event({ type: "message_stop" }, "message_stop"),
];
const REQUEST = { model: "claude-opus-4-8", max_tokens: 100, messages: [{ role: "user" as const, content: "secret" }] };
const EXPECTED = {
  "gen_ai.provider.name": "anthropic",
  "gen_ai.request.model": "claude-opus-4-8",
  "gen_ai.response.model": "claude-opus-4-8-20260901",
  "gen_ai.usage.input_tokens": 1321,
  "gen_ai.usage.output_tokens": 57,
  "gen_ai.usage.cache_read.input_tokens": 1000,
  "gen_ai.usage.cache_write.input_tokens": 300,
  "spancost.usage.cache_write_1h.input_tokens": 200,
  "spancost.usage.web_search_requests": 2,
  "spancost.service_tier": "standard",
  "spancost.inference_region": "us",
};

function createClient(maxRetries = 0) {
  return new Anthropic({ apiKey: "test", baseURL, maxRetries });
}

beforeEach(() => {
  spans.reset();
  instrumentation.enable();
});
afterEach(() => instrumentation.disable());
afterAll(() => provider.stop());

describe("AnthropicInstrumentation", () => {
  it("has its package's name and version as its scope", () => {
    expect([instrumentation.instrumentationName, instrumentation.instrumentationVersion]).toEqual([
      manifest.name,
      manifest.version,
    ]);
  });

  it("records a plain message, adding the cache to the input", async () => {
    provider.script(json(MESSAGE));
    const { data, response } = await createClient().messages.create(REQUEST).withResponse();
    expect(data.content).toEqual(MESSAGE.content);
    expect(response.url).toBe(`${baseURL}/v1/messages`);
    expect(spans.finished()).toHaveLength(1);
    expect(spans.finished()[0]?.attributes).toMatchObject(EXPECTED);
  });

  it("records a stream, whose last output figure replaces the first", async () => {
    provider.script(sse(STREAM));
    const message = await createClient().messages.stream(REQUEST).finalMessage();
    expect(message.content[0]).toMatchObject({ text: "Hi" });
    expect(spans.finished()).toHaveLength(1);
    expect(spans.finished()[0]?.attributes).toMatchObject({ ...EXPECTED, "gen_ai.request.stream": true });
  });

  it("knows the input but not the output of a stream that the app leaves early", async () => {
    provider.script(sse(STREAM, { paceMs: 30 }));
    for await (const _event of await createClient().messages.create({ ...REQUEST, stream: true })) break;
    const [span] = await spans.waitFor(1);
    expect(span?.attributes["gen_ai.usage.input_tokens"]).toBe(1321);
    expect(span?.attributes).not.toHaveProperty("gen_ai.usage.output_tokens");
    expect(span?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it("records an error that comes inside a stream", async () => {
    provider.script(
      sse([
        ...STREAM.slice(0, 2),
        event({ type: "error", error: { type: "overloaded_error", message: "busy" } }, "error"),
      ]),
    );
    const run = async () => {
      for await (const _event of await createClient().messages.create({ ...REQUEST, stream: true }));
    };
    await expect(run()).rejects.toThrow("busy");
    const [span] = await spans.waitFor(1);
    expect(span?.status.code).toBe(SpanStatusCode.ERROR);
    expect(span?.attributes["error.type"]).toBe("overloaded_error");
  });

  it("records one span an attempt when the SDK retries", async () => {
    const overloaded = { type: "error", error: { type: "overloaded_error", message: "busy" } };
    provider.script(json(overloaded, 529, { "retry-after-ms": "1" }), json(MESSAGE));
    await createClient(2).messages.create(REQUEST);
    expect(
      spans.finished().map((span) => [span.attributes["spancost.attempt"], span.attributes["error.type"]]),
    ).toEqual([
      [0, "529"],
      [1, undefined],
    ]);
  });

  it("records Claude on Microsoft Foundry", async () => {
    instrumentation.disable();
    const { fetch } = globalThis;
    globalThis.fetch = () => Promise.resolve(Response.json(MESSAGE));
    try {
      instrumentation.enable();
      const client = new Anthropic({ apiKey: "test", baseURL: "https://acme.services.ai.azure.com/anthropic" });
      await client.messages.create(REQUEST);
    } finally {
      instrumentation.disable();
      globalThis.fetch = fetch;
    }
    expect(spans.finished().map(({ attributes }) => attributes)).toMatchObject([
      { ...EXPECTED, "gen_ai.provider.name": "azure.ai.inference" },
    ]);
  });

  it("leaves other endpoints alone", async () => {
    provider.script(json({ input_tokens: 5 }));
    await createClient().messages.countTokens({ model: REQUEST.model, messages: REQUEST.messages });
    expect(spans.finished()).toEqual([]);
  });
});
