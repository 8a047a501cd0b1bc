import { UNKNOWN_USAGE } from "@spancost/core";
import { describe, expect, it } from "vitest";
import { OPENAI_CHAT, createOpenAIChatFormat } from "../src/index.ts";
import { CHAT, CHAT_STREAM, event } from "./payloads.ts";
import { readPlain, readStream } from "./read-stream.ts";

const EXPECTED = {
  responseModel: "gpt-4o-mini-2024-07-18",
  responseId: "chatcmpl-1",
  serviceTier: "priority",
  inferenceRegion: null,
  finishReasons: ["stop"],
  usage: {
    ...UNKNOWN_USAGE,
    input: 1200,
    cacheRead: 1024,
    cacheWrite5m: 100,
    output: 340,
    reasoning: 256,
    audioIn: 20,
    audioOut: 30,
    imageIn: 7,
  },
};

function usageSoFar(output: number): object {
  return { prompt_tokens: 5, completion_tokens: output, cost: output };
}

/** A chunk of a provider that sends what it has counted with each. */
function soFar(output: number, reason: string | null = null): string {
  const choices = [{ index: 0, delta: { content: "a" }, finish_reason: reason }];
  return event({ id: "c", model: "m", choices, usage: usageSoFar(output) });
}

describe("OpenAI chat completions", () => {
  it("match by the end of the path", () => {
    expect(OPENAI_CHAT.matchRequest("POST", "/any/prefix/v1/chat/completions")).toBe(true);
    expect(OPENAI_CHAT.matchRequest("GET", "/v1/chat/completions")).toBe(false);
    expect(OPENAI_CHAT.matchRequest("POST", "/v1/chat/completions/chatcmpl-1")).toBe(false);
  });

  it("say model and stream in the request, also after a long prompt or when it cannot be read", () => {
    const body = JSON.stringify({ messages: [{ content: '"model":"no", \\" {[' }], stream: true, model: "gpt-4o" });
    expect(OPENAI_CHAT.readRequest("", body)).toEqual({ operation: "chat", requestModel: "gpt-4o", streamed: true });
    expect(OPENAI_CHAT.readRequest("", null)).toEqual({ operation: "chat", requestModel: null, streamed: false });
  });

  it("give the same outcome as value, text, bytes and stream", () => {
    for (const outcome of readPlain(OPENAI_CHAT, CHAT)) expect(outcome).toEqual(EXPECTED);
    expect(readStream(OPENAI_CHAT, [CHAT_STREAM])).toEqual(EXPECTED);
  });

  it("have unknown usage, not none, when the stream carries none", () => {
    const stream = CHAT_STREAM.replace(/data: [^\n]*"choices":\[\],"usage":\{[^\n]*\n\n/, "");
    expect(readStream(OPENAI_CHAT, [stream])).toEqual({ ...EXPECTED, usage: UNKNOWN_USAGE });
  });

  it.each([
    ["left, or cut, before the last chunk", [], { output: null, costUsd: undefined }],
    ["finished", [soFar(9, "stop")], { output: 9, costUsd: 9 }],
    ["finished by the mark alone", [soFar(9), "data: [DONE]\n\n"], { output: 9, costUsd: 9 }],
    ["followed by its usage", [event({ choices: [], usage: usageSoFar(9) })], { output: 9, costUsd: 9 }],
  ])("do not take a count so far for the whole, in a stream that is %s", (_name, rest, { output, costUsd }) => {
    const format = createOpenAIChatFormat({
      readCostUsd: (usage) => (usage as { cost?: number } | null)?.cost ?? null,
    });
    const outcome = readStream(format, [soFar(1), soFar(2), ...rest]);
    expect([outcome.usage, outcome.costUsd]).toEqual([{ ...UNKNOWN_USAGE, input: 5, output }, costUsd]);
  });

  it("keep no more reasons to finish than a call can have choices", () => {
    const outcome = readStream(
      OPENAI_CHAT,
      Array.from({ length: 1_000 }, () => soFar(1, "stop")),
    );
    expect(outcome.finishReasons.length).toBe(128);
  });

  it("read Groq's x_groq, and add reasoning for providers that leave it out", () => {
    const usage = { prompt_tokens: 5, completion_tokens: 6, completion_tokens_details: { reasoning_tokens: 10 } };
    const groq = readStream(OPENAI_CHAT, [event({ id: "g", model: "m", choices: [], x_groq: { id: "r", usage } })]);
    expect(groq.usage).toEqual({ ...UNKNOWN_USAGE, input: 5, output: 6, reasoning: 10 });
    const xai = createOpenAIChatFormat({ excludesReasoning: true }).readResponse({ usage });
    expect(xai.usage).toEqual({ ...UNKNOWN_USAGE, input: 5, output: 16, reasoning: 10 });
  });

  it("keep a zero a zero, and an impossible count impossible", () => {
    const { usage } = OPENAI_CHAT.readResponse({ usage: { prompt_tokens: 0, completion_tokens: -3 } });
    expect(usage).toEqual({ ...UNKNOWN_USAGE, input: 0, output: -3 });
  });

  it("report an error inside a stream", () => {
    const outcome = readStream(OPENAI_CHAT, [
      event({ id: "c", model: "m", choices: [] }),
      event({ error: { code: null, type: "server_error" } }),
    ]);
    expect(outcome.errorType).toBe("server_error");
  });
});
