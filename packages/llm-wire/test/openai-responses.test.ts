import { UNKNOWN_USAGE } from "@spancost/core";
import { describe, expect, it } from "vitest";
import { OPENAI_EMBEDDINGS, OPENAI_RESPONSES, UNKNOWN_OUTCOME } from "../src/index.ts";
import { RESPONSE, RESPONSE_STREAM, event } from "./payloads.ts";
import { readPlain, readStream } from "./read-stream.ts";

const EXPECTED = {
  responseModel: "gpt-5-mini-2025-08-07",
  responseId: "resp_1",
  serviceTier: "default",
  inferenceRegion: null,
  finishReasons: ["max_output_tokens"],
  usage: {
    ...UNKNOWN_USAGE,
    input: 90,
    cacheRead: 64,
    cacheWrite5m: 20,
    output: 50,
    reasoning: 32,
    webSearchRequests: 1,
  },
};

describe("OpenAI responses", () => {
  it("match the making and the compacting of one, and nothing else", () => {
    const paths = ["/v1/responses", "/v1/responses/compact", "/v1/responses/resp_1", "/v1/responses/input_tokens"];
    expect(paths.map((path) => OPENAI_RESPONSES.matchRequest("POST", path))).toEqual([true, true, false, false]);
  });

  it("give the same outcome as value, text, bytes and stream", () => {
    for (const outcome of readPlain(OPENAI_RESPONSES, RESPONSE)) expect(outcome).toEqual(EXPECTED);
    expect(readStream(OPENAI_RESPONSES, [RESPONSE_STREAM])).toEqual(EXPECTED);
    expect(readStream(OPENAI_RESPONSES, [RESPONSE_STREAM.replaceAll(/event: .*\n/g, "")])).toEqual(EXPECTED);
  });

  it("know who answers, but not the served tier, from the first event on", () => {
    const [first = ""] = RESPONSE_STREAM.split("\n\n");
    const outcome = readStream(OPENAI_RESPONSES, [first]);
    expect(outcome).toEqual({
      ...UNKNOWN_OUTCOME,
      responseModel: EXPECTED.responseModel,
      responseId: EXPECTED.responseId,
    });
  });

  it("report a failed response with its usage", () => {
    const failed = { ...RESPONSE, status: "failed", error: { code: "server_error", message: "m" } };
    const outcome = readStream(OPENAI_RESPONSES, [
      event({ type: "response.failed", response: failed }, "response.failed"),
    ]);
    expect([outcome.errorType, outcome.usage.input]).toEqual(["server_error", 90]);
  });
});

describe("OpenAI embeddings", () => {
  it("have input tokens and a known zero of output", () => {
    const body = {
      object: "list",
      data: [{ embedding: [0.1, 0.2] }],
      model: "text-embedding-3-small",
      usage: { prompt_tokens: 8, total_tokens: 8 },
    };
    for (const outcome of readPlain(OPENAI_EMBEDDINGS, body)) {
      expect(outcome).toEqual({
        ...UNKNOWN_OUTCOME,
        responseModel: "text-embedding-3-small",
        usage: { ...UNKNOWN_USAGE, input: 8, output: 0 },
      });
    }
    expect(OPENAI_EMBEDDINGS.readResponse({}).usage).toEqual(UNKNOWN_USAGE);
  });
});
