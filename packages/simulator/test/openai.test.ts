import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type Simulator, startSimulator } from "../src/index.ts";
import { collect, createSdkClients, type SdkClients, toUsage } from "./sdk-clients.ts";

let simulator: Simulator;
let clients: SdkClients;

beforeAll(async () => {
  simulator = await startSimulator();
  clients = createSdkClients(simulator.url);
});

afterAll(() => simulator.close());

const ask = (content: string): { role: "user"; content: string }[] => [{ role: "user", content }];

describe("OpenAI chat", () => {
  test("a plain answer carries the billed usage, a dated model and a request id", async () => {
    const { data, request_id } = await clients.openai.chat.completions
      .create({ model: "gpt-5-mini", messages: ask("[tenant=acme] [user=alice] [feature=chat] Hello") })
      .withResponse();
    const billed = simulator.journal().at(-1);
    expect(billed).toMatchObject({
      provider: "openai",
      model: "gpt-5-mini-2025-08-07",
      path: "/openai-api/v1/chat/completions",
      streamed: false,
      responseId: data.id,
      tenantHint: "acme",
      userHint: "alice",
      featureHint: "chat",
      status: 200,
    });
    expect(data.model).toBe("gpt-5-mini-2025-08-07");
    expect(data.choices[0]?.message.content).not.toBe("");
    expect(request_id).toMatch(/^req_/);
    expect(fromChatUsage(data.usage)).toEqual(billed?.usage);
  });

  test("a stream carries usage in a last chunk without choices if asked", async () => {
    const stream = await clients.openai.chat.completions.create({
      model: "gpt-5-mini",
      messages: ask("Stream with usage"),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await collect(stream);
    const last = chunks.at(-1);
    expect(chunks.length).toBeGreaterThan(4);
    expect(last?.choices).toEqual([]);
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(fromChatUsage(last?.usage ?? undefined)).toEqual(simulator.journal().at(-1)?.usage);
    expect(simulator.journal().at(-1)?.streamed).toBe(true);
  });

  test("a stream that did not ask has no usage, and is billed", async () => {
    const stream = await clients.openai.chat.completions.create({
      model: "gpt-4.1",
      messages: ask("No usage"),
      stream: true,
    });
    const chunks = await collect(stream);
    expect(chunks.some((chunk) => "usage" in chunk)).toBe(false);
    expect(simulator.journal().at(-1)?.model).toBe("gpt-4.1-2025-04-14");
  });
});

describe("OpenAI responses and embeddings", () => {
  test("a plain response carries the billed usage", async () => {
    const response = await clients.openai.responses.create({ model: "o4-mini", input: "Think" });
    expect(response.output_text).not.toBe("");
    expect(fromResponseUsage(response.usage)).toEqual(simulator.journal().at(-1)?.usage);
  });

  test("a streamed response carries the billed usage in its last event", async () => {
    const events = await collect(
      await clients.openai.responses.create({ model: "o4-mini", input: "Stream", stream: true }),
    );
    const last = events.at(-1);
    const text = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("");
    if (last?.type !== "response.completed") throw new Error(`Expected response.completed, got ${last?.type}.`);
    expect(fromResponseUsage(last.response.usage)).toEqual(simulator.journal().at(-1)?.usage);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    const message = last.response.output.at(-1);
    expect(message).toMatchObject({ type: "message", content: [{ text }] });
  });

  test("embeddings are billed for input only, one vector an input", async () => {
    const answer = await clients.openai.embeddings.create({ model: "text-embedding-3-small", input: ["one", "two"] });
    expect(answer.data.map((item) => item.embedding.length)).toEqual([1_536, 1_536]);
    expect(toUsage({ input: answer.usage.prompt_tokens })).toEqual(simulator.journal().at(-1)?.usage);
  });
});

interface ChatUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number };
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number };
}

function fromChatUsage(usage: ChatUsage | undefined): unknown {
  return toUsage({
    input: usage?.prompt_tokens ?? 0,
    cacheRead: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    output: usage?.completion_tokens ?? 0,
    reasoning: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
  });
}

interface ResponseUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number };
  readonly output_tokens_details: { readonly reasoning_tokens: number };
}

function fromResponseUsage(usage: ResponseUsage | undefined): unknown {
  return toUsage({
    input: usage?.input_tokens ?? 0,
    cacheRead: usage?.input_tokens_details.cached_tokens ?? 0,
    output: usage?.output_tokens ?? 0,
    reasoning: usage?.output_tokens_details.reasoning_tokens ?? 0,
  });
}
