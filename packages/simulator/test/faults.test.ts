import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type Simulator, startSimulator } from "../src/index.ts";
import { collect, createSdkClients, type SdkClients } from "./sdk-clients.ts";

let simulator: Simulator;
let clients: SdkClients;

beforeAll(async () => {
  simulator = await startSimulator();
  clients = createSdkClients(simulator.url);
});

afterAll(() => simulator.close());

const ask = (content: string): { role: "user"; content: string }[] => [{ role: "user", content }];

describe("fault markers", () => {
  test("429-once refuses the first attempt, and the SDK's retry is billed once", async () => {
    const before = simulator.journal().length;
    const attempts = simulator.requests().length;
    await clients.openai.chat.completions.create({
      model: "gpt-4.1",
      messages: ask("[tenant=acme] [fault=429-once:a]"),
    });
    await clients.anthropic.messages.create({
      model: "claude-sonnet-4-5",
      max_tokens: 10,
      messages: ask("[tenant=acme] [fault=429-once:b]"),
    });
    await clients.groq.chat.completions.create({
      model: "llama-3.3-70b-versatile",
      messages: ask("[fault=429-once:c]"),
    });
    expect(simulator.journal().length - before).toBe(3);
    await expect
      .poll(() =>
        simulator
          .requests()
          .slice(attempts)
          .map((request) => request.status),
      )
      .toEqual([429, 200, 429, 200, 429, 200]);
  });

  test("500 has the provider's error body and bills nothing", async () => {
    const before = simulator.journal().length;
    const options = { maxRetries: 0 };
    const calls = [
      clients.openai.chat.completions.create({ model: "gpt-4.1", messages: ask("[fault=500]") }, options),
      clients.anthropic.messages.create(
        { model: "claude-sonnet-4-5", max_tokens: 10, messages: ask("[fault=500]") },
        options,
      ),
      clients.groq.chat.completions.create({ model: "llama-3.3-70b-versatile", messages: ask("[fault=500]") }, options),
      clients.google.models.generateContent({ model: "gemini-2.5-flash", contents: "[fault=500]" }),
    ];
    const outcomes = await Promise.allSettled(calls);
    const statuses = outcomes.map((outcome) =>
      outcome.status === "rejected" ? outcome.reason.status : outcome.status,
    );
    expect(statuses).toEqual([500, 500, 500, 500]);
    expect(simulator.journal().length).toBe(before);
  });

  test("drop cuts a stream in the middle, and the call is billed", async () => {
    const before = simulator.journal().length;
    const stream = await clients.openai.chat.completions.create({
      model: "gpt-4.1",
      messages: ask("[fault=drop]"),
      stream: true,
    });
    await expect(collect(stream)).rejects.toThrow();
    await expect
      .poll(() =>
        simulator
          .journal()
          .slice(before)
          .map((call) => call.outcome),
      )
      .toEqual(["cut"]);
  });

  test.each([
    ["/openai-api/v1/chat/completions", { model: "gpt-4.1" }],
    ["/openai-api/v1/responses", { model: "gpt-4.1" }],
    ["/openai-api/v1/embeddings", { model: "text-embedding-3-small" }],
    ["/openai-api/v1/images/generations", { model: "gpt-image-1" }],
    ["/anthropic-api/v1/messages", { model: "claude-sonnet-4-5" }],
    ["/google-api/v1beta/models/gemini-2.5-flash:generateContent", {}],
    ["/groq-api/openai/v1/chat/completions", { model: "llama-3.3-70b-versatile" }],
    ["/bedrock-api/model/amazon.nova-lite-v1%3A0/converse", {}],
    ["/bedrock-api/model/amazon.nova-lite-v1%3A0/invoke", {}],
  ])("drop cuts a plain answer of %s, compressed or not, and the call is billed", async (path, request) => {
    for (const marker of ["", "[gzip=1]"]) {
      const before = simulator.journal().length;
      const body = JSON.stringify({ ...request, input: `[fault=drop] ${marker}` });
      const answer = await fetch(simulator.url + path, { method: "POST", body });
      await expect(answer.text()).rejects.toThrow();
      await expect.poll(() => simulator.journal()[before]?.outcome).toBe("cut");
    }
  });

  test("delay spreads the chunks of a stream over time", async () => {
    const startedMs = performance.now();
    const stream = await clients.groq.chat.completions.create({
      model: "llama-3.3-70b-versatile",
      messages: ask("[delay=10]"),
      stream: true,
    });
    const chunks = await collect(stream);
    // A timer may fire a millisecond early.
    expect(performance.now() - startedMs).toBeGreaterThan((chunks.length - 1) * 9);
  });
});

describe("a stream that the client leaves", () => {
  test("is billed and marked as cut", async () => {
    const stream = await clients.openai.chat.completions.create({
      model: "gpt-4.1",
      messages: ask("[delay=5] leave early"),
      stream: true,
    });
    for await (const _chunk of stream) break;
    await expect.poll(() => simulator.journal().at(-1)?.outcome).toBe("cut");
  });
});

describe("requests that no provider would take", () => {
  const post = (path: string, body: string): Promise<Response> =>
    fetch(`${simulator.url}${path}`, { method: "POST", body });

  test("are refused with a status and not billed", async () => {
    const before = simulator.journal().length;
    const answers = await Promise.all([
      post("/v1/nothing", "{}"),
      post("/v1/chat/completions", "{"),
      post("/v1/chat/completions", "{}"),
      fetch(`${simulator.url}/v1/chat/completions`),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([404, 400, 400, 404]);
    expect(simulator.journal().length).toBe(before);
  });
});
