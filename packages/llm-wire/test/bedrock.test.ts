import { UNKNOWN_USAGE } from "@spancost/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ANTHROPIC_VERTEX,
  BEDROCK_CONVERSE,
  BEDROCK_INVOKE,
  UNKNOWN_OUTCOME,
  type WireFormat,
  type WireOutcome,
  createBodyReader,
} from "../src/index.ts";
import { CLAUDE, CLAUDE_EVENTS, CONVERSE, CONVERSE_STREAM, METRICS, chunk, frame } from "./bedrock-payloads.ts";
import { readPlain } from "./read-stream.ts";

const STREAM_HEADERS = { "content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "r-1" };

function readFrames(format: WireFormat, frames: readonly Uint8Array[], cuts: readonly number[] = []): WireOutcome {
  const reader = createBodyReader(format, new Headers(STREAM_HEADERS));
  const bytes = Buffer.concat(frames);
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  for (const [index, edge] of edges.slice(1).entries()) reader.readBytes(bytes.subarray(edges[index], edge));
  reader.end();
  return reader.outcome();
}

function invoke(body: unknown, headers: Record<string, string> = {}, model = "maker.model"): WireOutcome {
  const { responseFormat = BEDROCK_INVOKE } = BEDROCK_INVOKE.readRequest(`/model/${model}/invoke`, "{}");
  const reader = createBodyReader(responseFormat, new Headers({ "content-type": "application/json", ...headers }));
  reader.readText(JSON.stringify(body));
  return reader.outcome();
}

const COUNTED = { ...UNKNOWN_USAGE, input: 1_321, cacheRead: 1_000, cacheWrite5m: 300, output: 57 };
const SPLIT = { ...COUNTED, cacheWrite5m: 100, cacheWrite1h: 200 };

describe("Bedrock Converse", () => {
  const EXPECTED = {
    ...UNKNOWN_OUTCOME,
    responseModel: "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-lite-v1:0",
    serviceTier: "priority",
    usage: SPLIT,
    finishReasons: ["max_tokens"],
  };

  it("adds the cache to the input, plain and streamed, with the id from the headers", () => {
    for (const outcome of readPlain(BEDROCK_CONVERSE, CONVERSE)) expect(outcome).toEqual(EXPECTED);
    expect(readFrames(BEDROCK_CONVERSE, CONVERSE_STREAM)).toEqual({ ...EXPECTED, responseId: "r-1" });
  });

  it("has one outcome however the stream is cut, and is finished with its metadata", () => {
    const length = Buffer.concat(CONVERSE_STREAM).length;
    fc.assert(
      fc.property(fc.array(fc.nat(length)), (cuts) => {
        expect(readFrames(BEDROCK_CONVERSE, CONVERSE_STREAM, cuts).usage).toEqual(SPLIT);
      }),
    );
    const reader = createBodyReader(BEDROCK_CONVERSE, new Headers(STREAM_HEADERS));
    const finished = CONVERSE_STREAM.map((bytes) => {
      reader.readBytes(bytes);
      return reader.finished;
    });
    expect(finished).toEqual([false, false, false, false, true]);
  });

  it("knows no usage of a stream that was left early", () => {
    expect(readFrames(BEDROCK_CONVERSE, CONVERSE_STREAM.slice(0, 3))).toEqual({
      ...UNKNOWN_OUTCOME,
      responseId: "r-1",
    });
  });

  it("names the exception that ends a stream", () => {
    const exception = frame("modelStreamErrorException", { message: "broken" }, "exception");
    const outcome = readFrames(BEDROCK_CONVERSE, [...CONVERSE_STREAM.slice(0, 2), exception]);
    expect(outcome.errorType).toBe("modelStreamErrorException");
    expect(outcome.usage).toEqual(UNKNOWN_USAGE);
  });

  it("takes the latency that was bought for a tier, unless there is one", () => {
    const read = (body: object) => BEDROCK_CONVERSE.readResponse(body).serviceTier;
    const performanceConfig = { latency: "optimized" };
    expect(read({ performanceConfig })).toBe("optimized");
    expect(read({ performanceConfig, serviceTier: { type: "default" } })).toBe("optimized");
    expect(read({ performanceConfig, serviceTier: { type: "flex" } })).toBe("flex");
    expect(read({ performanceConfig: { latency: "standard" } })).toBeNull();
  });
});

describe("Bedrock requests", () => {
  const ARN = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc";

  it.each([
    [
      BEDROCK_CONVERSE,
      "/model/us.anthropic.claude-opus-4-8-v1%3A0/converse",
      "chat",
      "us.anthropic.claude-opus-4-8-v1:0",
    ],
    [BEDROCK_CONVERSE, `/proxy/model/${encodeURIComponent(ARN)}/converse`, "chat", ARN],
    [BEDROCK_CONVERSE, `/model/${ARN}/converse`, "chat", ARN],
    [BEDROCK_INVOKE, "/model/amazon.titan-embed-text-v2:0/invoke", "embeddings", "amazon.titan-embed-text-v2:0"],
    [BEDROCK_INVOKE, "/model/amazon.nova-canvas-v1:0/invoke", "image_generation", "amazon.nova-canvas-v1:0"],
    [BEDROCK_INVOKE, "/model/%/invoke", "chat", "%"],
  ])("%# name the model in their path", (format, path, operation, requestModel) => {
    expect(format.matchRequest("POST", path)).toBe(true);
    expect(format.readRequest(path, null)).toMatchObject({ operation, requestModel, streamed: false });
    const streamed = path.replace(/\/converse$/, "/converse-stream").replace(/invoke$/, "invoke-with-response-stream");
    expect(format.matchRequest("POST", streamed)).toBe(true);
    expect(format.readRequest(streamed, null)).toMatchObject({ requestModel, streamed: true });
  });

  it("that only count tokens or check a guardrail are no calls", () => {
    const others = [
      "/model/m/count-tokens",
      "/guardrail/g/version/1/apply",
      "/async-invoke",
      "/model/m/invoke/x",
      "/invoke",
    ];
    for (const path of others) {
      expect([BEDROCK_CONVERSE, BEDROCK_INVOKE].map((format) => format.matchRequest("POST", path))).toEqual([
        false,
        false,
      ]);
    }
    expect(BEDROCK_CONVERSE.matchRequest("GET", "/model/m/converse")).toBe(false);
  });
});

describe("Bedrock InvokeModel", () => {
  const HEADERS = {
    "x-amzn-requestid": "r-2",
    "x-amzn-bedrock-input-token-count": "21",
    "x-amzn-bedrock-output-token-count": "57",
    "x-amzn-bedrock-cache-read-input-token-count": "1000",
    "x-amzn-bedrock-cache-write-input-token-count": "300",
    "x-amzn-bedrock-service-tier": "flex",
  };
  const tokens = (input: number, output: number) => ({ ...UNKNOWN_USAGE, input, output });

  it("reads Claude's body, which knows how long cache writes live, and not its name for itself", () => {
    expect(invoke(CLAUDE, HEADERS)).toMatchObject({
      responseModel: null,
      responseId: "r-2",
      serviceTier: "flex",
      usage: SPLIT,
      finishReasons: ["end_turn"],
    });
  });

  const NOVA_USAGE = { inputTokens: 5, outputTokens: 7, cacheReadInputTokenCount: 0, cacheWriteInputTokenCount: 2 };

  it.each([
    [
      "Nova",
      { usage: NOVA_USAGE, stopReason: "end_turn" },
      { ...tokens(7, 7), cacheRead: 0, cacheWrite5m: 2 },
      "end_turn",
    ],
    [
      "Titan text",
      { inputTextTokenCount: 5, results: [{ tokenCount: 7, completionReason: "FINISH" }] },
      tokens(5, 7),
      "FINISH",
    ],
    ["Titan embeddings", { embedding: [0.1], inputTextTokenCount: 5 }, tokens(5, 0), undefined],
    ["Llama", { prompt_token_count: 5, generation_token_count: 7, stop_reason: "stop" }, tokens(5, 7), "stop"],
    [
      "gpt-oss, Mistral, AI21",
      { usage: { prompt_tokens: 5, completion_tokens: 7 }, choices: [{ finish_reason: "stop" }] },
      tokens(5, 7),
      "stop",
    ],
    ["Stability", { images: ["a", "b"] }, { ...UNKNOWN_USAGE, images: 2 }, undefined],
  ])("reads the usage of %s from its body", (_name, body, usage, reason) => {
    expect(invoke(body)).toMatchObject({ usage, finishReasons: reason === undefined ? [] : [reason] });
  });

  it.each([
    ["Mistral", { outputs: [{ text: "a", stop_reason: "stop" }] }, ["stop"]],
    ["Cohere", { generations: [{ text: "a", finish_reason: "COMPLETE" }] }, ["COMPLETE"]],
    ["DeepSeek", { choices: [{ text: "a", stop_reason: "stop" }] }, ["stop"]],
  ])("takes the headers' usage where the body of %s has none", (_name, body, finishReasons) => {
    expect(invoke(body, HEADERS)).toMatchObject({ usage: COUNTED, finishReasons });
    expect(invoke(body).usage).toEqual(UNKNOWN_USAGE);
  });

  it("knows that embeddings have no output, whoever made the model", () => {
    const headers = { "x-amzn-bedrock-input-token-count": "5" };
    expect(invoke({ embeddings: [[1]] }, headers, "cohere.embed-v4:0").usage).toEqual(tokens(5, 0));
    expect(invoke({ embeddings: [[1]] }, {}, "cohere.embed-v4:0").usage).toEqual(UNKNOWN_USAGE);
  });

  it("reads a stream of Claude, and knows its input from the first chunk on", () => {
    const frames = CLAUDE_EVENTS.map(chunk);
    expect(readFrames(BEDROCK_INVOKE, frames)).toEqual({
      ...UNKNOWN_OUTCOME,
      responseId: "r-1",
      usage: SPLIT,
      finishReasons: ["end_turn"],
    });
    expect(readFrames(BEDROCK_INVOKE, frames.slice(0, 2)).usage).toEqual({ ...SPLIT, output: null });
  });

  it("takes Bedrock's own count of a stream whose maker reports nothing, or was not heard to the end", () => {
    const last = { outputs: [{ text: "b", stop_reason: "stop" }], "amazon-bedrock-invocationMetrics": METRICS };
    const mistral = [chunk({ outputs: [{ text: "a", stop_reason: null }] }), chunk(last)];
    expect(readFrames(BEDROCK_INVOKE, mistral)).toMatchObject({ usage: COUNTED, finishReasons: ["stop"] });
    const damaged = CLAUDE_EVENTS.map(chunk).with(
      2,
      chunk({ type: "message_delta", delta: { stop_reason: "end_turn" } }),
    );
    expect(readFrames(BEDROCK_INVOKE, damaged).usage).toEqual(COUNTED);
  });

  it("reads a stream of Nova, whose events are named inside", () => {
    const frames = [
      { messageStart: { role: "assistant" } },
      { contentBlockDelta: { delta: { text: "資" }, contentBlockIndex: 0 } },
      { messageStop: { stopReason: "end_turn" } },
      {
        metadata: { usage: NOVA_USAGE },
        "amazon-bedrock-invocationMetrics": { inputTokenCount: 5, outputTokenCount: 7 },
      },
    ].map(chunk);
    expect(readFrames(BEDROCK_INVOKE, frames)).toMatchObject({
      usage: { ...tokens(7, 7), cacheRead: 0, cacheWrite5m: 2 },
      finishReasons: ["end_turn"],
    });
  });

  it("reads a stream of Llama, whose counts are cumulative", () => {
    const frames = [
      { generation: "a", prompt_token_count: 5, generation_token_count: 1, stop_reason: null },
      { generation: "b", prompt_token_count: null, generation_token_count: 7, stop_reason: "stop" },
    ].map(chunk);
    expect(readFrames(BEDROCK_INVOKE, frames)).toMatchObject({ usage: tokens(5, 7), finishReasons: ["stop"] });
    expect(readFrames(BEDROCK_INVOKE, frames.slice(0, 1)).usage).toEqual({ ...UNKNOWN_USAGE, input: 5 });
  });

  it("reads a stream of Titan, whose count of the output is one of all chunks", () => {
    const frames = [
      { outputText: "a", inputTextTokenCount: 5, totalOutputTextTokenCount: null, completionReason: null },
      { outputText: "b", inputTextTokenCount: 5, totalOutputTextTokenCount: 7, completionReason: "FINISH" },
    ].map(chunk);
    expect(readFrames(BEDROCK_INVOKE, frames)).toMatchObject({ usage: tokens(5, 7), finishReasons: ["FINISH"] });
  });

  it("names the exception that ends a stream, and keeps the input that is known by then", () => {
    const exception = frame("throttlingException", { message: "slow" }, "exception");
    const outcome = readFrames(BEDROCK_INVOKE, [...CLAUDE_EVENTS.slice(0, 1).map(chunk), exception]);
    expect([outcome.errorType, outcome.usage.input, outcome.usage.output]).toEqual([
      "throttlingException",
      1_321,
      null,
    ]);
  });

  it("never throws on chunks or headers that hold anything", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.string(),
        fc.constantFrom("event", "exception", "error", "else"),
        (value, text, kind) => {
          readFrames(BEDROCK_INVOKE, [frame("chunk", value, kind), frame("chunk", { bytes: text }), chunk(value)]);
          readFrames(BEDROCK_CONVERSE, [
            frame("metadata", value),
            frame("messageStop", value),
            frame(text.slice(0, 50), value),
          ]);
          invoke(value, { "x-amzn-bedrock-input-token-count": "1e9", "x-amzn-bedrock-output-token-count": "-1" });
        },
      ),
    );
  });
});

describe("Claude on Vertex AI", () => {
  const PATH = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929";

  it("is a message whose model stands in the path", () => {
    expect(ANTHROPIC_VERTEX.matchRequest("POST", `${PATH}:streamRawPredict`)).toBe(true);
    expect(ANTHROPIC_VERTEX.readRequest(`${PATH}:streamRawPredict`, null)).toEqual({
      operation: "chat",
      requestModel: "claude-sonnet-4-5@20250929",
      streamed: true,
    });
    expect(ANTHROPIC_VERTEX.readRequest(`${PATH}:rawPredict`, null).streamed).toBe(false);
    for (const outcome of readPlain(ANTHROPIC_VERTEX, CLAUDE)) expect(outcome.usage).toEqual(SPLIT);
  });

  it("does not take token counts or other publishers' models for messages", () => {
    const base = "/v1/projects/p/locations/global/publishers";
    for (const path of [
      "anthropic/models/count-tokens:rawPredict",
      "mistralai/models/m:rawPredict",
      "anthropic/models/m:predict",
    ]) {
      expect(ANTHROPIC_VERTEX.matchRequest("POST", `${base}/${path}`)).toBe(false);
    }
  });
});
