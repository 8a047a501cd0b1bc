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

describe("Gemini", () => {
  test("a plain answer carries the billed usage, thoughts apart from candidates", async () => {
    const answer = await clients.google.models.generateContent({
      model: "gemini-2.5-flash",
      contents: "[tenant=initech] Hello",
    });
    const billed = simulator.journal().at(-1);
    expect(billed).toMatchObject({ provider: "google", model: "gemini-2.5-flash", tenantHint: "initech" });
    expect(answer.text).not.toBe("");
    expect(fromUsageMetadata(answer.usageMetadata)).toEqual(billed?.usage);
  });

  test("each chunk of a stream repeats the usage so far, and the last one has the billed figures", async () => {
    const stream = await clients.google.models.generateContentStream({ model: "gemini-2.5-flash", contents: "Stream" });
    const chunks = await collect(stream);
    const outputs = chunks.map((chunk) => chunk.usageMetadata?.candidatesTokenCount ?? 0);
    expect(outputs).toEqual(outputs.toSorted((a, b) => a - b));
    expect(
      chunks.every((chunk) => chunk.usageMetadata?.promptTokenCount === simulator.journal().at(-1)?.usage.input),
    ).toBe(true);
    expect(fromUsageMetadata(chunks.at(-1)?.usageMetadata)).toEqual(simulator.journal().at(-1)?.usage);
  });
});

describe("Groq", () => {
  const messages = [{ role: "user" as const, content: "Hello" }];

  test("a plain answer carries the billed usage", async () => {
    const answer = await clients.groq.chat.completions.create({ model: "llama-3.3-70b-versatile", messages });
    expect(fromGroqUsage(answer.usage)).toEqual(simulator.journal().at(-1)?.usage);
    expect(simulator.journal().at(-1)?.provider).toBe("groq");
  });

  test("a stream carries usage in x_groq of the chunk that ends the choice", async () => {
    const stream = await clients.groq.chat.completions.create({ model: "openai/gpt-oss-120b", messages, stream: true });
    const last = (await collect(stream)).at(-1);
    expect(last?.choices[0]?.finish_reason).toBe("stop");
    expect(fromGroqUsage(last?.x_groq?.usage)).toEqual(simulator.journal().at(-1)?.usage);
  });

  test("a stream that asks, as groq-sdk's types cannot, has it in usage as well", async () => {
    const response = await fetch(`${simulator.url}/groq-api/openai/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({
        model: "openai/gpt-oss-120b",
        messages,
        stream: true,
        stream_options: { include_usage: true },
      }),
    });
    const frames = (await response.text()).trim().split("\n\n");
    const last: { usage: GroqUsage; choices: unknown[] } = JSON.parse(frames.at(-2)?.replace("data: ", "") ?? "");
    expect(frames.at(-1)).toBe("data: [DONE]");
    expect(last.choices).toEqual([]);
    expect(fromGroqUsage(last.usage)).toEqual(simulator.journal().at(-1)?.usage);
  });
});

interface GeminiUsage {
  readonly promptTokenCount?: number;
  readonly cachedContentTokenCount?: number;
  readonly candidatesTokenCount?: number;
  readonly thoughtsTokenCount?: number;
}

function fromUsageMetadata(usage: GeminiUsage | undefined): unknown {
  const reasoning = usage?.thoughtsTokenCount ?? 0;
  return toUsage({
    input: usage?.promptTokenCount ?? 0,
    cacheRead: usage?.cachedContentTokenCount ?? 0,
    output: (usage?.candidatesTokenCount ?? 0) + reasoning,
    reasoning,
  });
}

interface GroqUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens: number } | null;
}

function fromGroqUsage(usage: GroqUsage | null | undefined): unknown {
  return toUsage({
    input: usage?.prompt_tokens ?? 0,
    cacheRead: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    output: usage?.completion_tokens ?? 0,
    reasoning: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
  });
}
