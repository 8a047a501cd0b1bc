import { UNKNOWN_USAGE } from "@spancost/core";
import { describe, expect, it } from "vitest";
import { ANTHROPIC_MESSAGES } from "../src/index.ts";
import { MESSAGE, MESSAGE_START, MESSAGE_STREAM, event } from "./payloads.ts";
import { readPlain, readStream } from "./read-stream.ts";

const EXPECTED = {
  responseModel: "claude-opus-4-8",
  responseId: "msg_1",
  serviceTier: "standard",
  inferenceRegion: "us",
  finishReasons: ["end_turn"],
  usage: {
    ...UNKNOWN_USAGE,
    input: 1321,
    cacheRead: 1000,
    cacheWrite5m: 100,
    cacheWrite1h: 200,
    output: 57,
    reasoning: 40,
    webSearchRequests: 2,
  },
};

const STOP = event({ type: "message_stop" }, "message_stop");

describe("Anthropic messages", () => {
  it("match messages and nothing below them", () => {
    expect(ANTHROPIC_MESSAGES.matchRequest("POST", "/v1/messages")).toBe(true);
    expect(ANTHROPIC_MESSAGES.matchRequest("POST", "/v1/messages/count_tokens")).toBe(false);
    expect(ANTHROPIC_MESSAGES.matchRequest("POST", "/v1/messages/batches")).toBe(false);
  });

  it("give the same outcome as value, text, bytes and stream", () => {
    for (const outcome of readPlain(ANTHROPIC_MESSAGES, MESSAGE)) expect(outcome).toEqual(EXPECTED);
    expect(readStream(ANTHROPIC_MESSAGES, [MESSAGE_STREAM])).toEqual(EXPECTED);
  });

  it("know the input but no output of a stream that ends after its start", () => {
    const { usage } = readStream(ANTHROPIC_MESSAGES, [MESSAGE_START]);
    expect([usage.input, usage.output]).toEqual([1321, null]);
  });

  it("take cumulative figures of a stream as what they are, and never add them up (helix#3005)", () => {
    const deltas = [10, 25, 40].map((output_tokens) =>
      event({ type: "message_delta", delta: {}, usage: { output_tokens } }, "message_delta"),
    );
    const { usage } = readStream(ANTHROPIC_MESSAGES, [MESSAGE_START, ...deltas, STOP]);
    expect([usage.input, usage.output]).toEqual([1321, 40]);
    // Cut before it, more may have been generated than the last figure says.
    const cut = readStream(ANTHROPIC_MESSAGES, [MESSAGE_START, ...deltas]).usage;
    expect([cut.input, cut.output]).toEqual([1321, null]);
  });

  it("take an explicit zero in a delta for a value", () => {
    const delta = event(
      { type: "message_delta", delta: {}, usage: { output_tokens: 0, cache_read_input_tokens: 0 } },
      "message_delta",
    );
    const { usage } = readStream(ANTHROPIC_MESSAGES, [MESSAGE_START, delta, STOP]);
    expect([usage.input, usage.cacheRead, usage.output]).toEqual([321, 0, 0]);
  });

  it("take a sum of cache writes without a split for five minutes", () => {
    const usage = { input_tokens: 1, cache_creation_input_tokens: 9, cache_read_input_tokens: null, output_tokens: 2 };
    const outcome = ANTHROPIC_MESSAGES.readResponse({ usage });
    expect(outcome.usage).toEqual({ ...UNKNOWN_USAGE, input: 10, cacheWrite5m: 9, output: 2 });
  });

  it("call fast mode a tier", () => {
    expect(ANTHROPIC_MESSAGES.readResponse({ usage: { speed: "fast", service_tier: "standard" } }).serviceTier).toBe(
      "fast",
    );
  });
});
