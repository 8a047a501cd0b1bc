import { UNKNOWN_USAGE } from "@spancost/core";
import { describe, expect, it } from "vitest";
import { GEMINI_EMBED_CONTENT, GEMINI_GENERATE_CONTENT, UNKNOWN_OUTCOME } from "../src/index.ts";
import { GEMINI, GEMINI_CHUNKS, GEMINI_STREAM, event } from "./payloads.ts";
import { readPlain, readStream } from "./read-stream.ts";

const EXPECTED = {
  responseModel: "gemini-2.5-flash",
  responseId: "r1",
  serviceTier: "ON_DEMAND",
  inferenceRegion: null,
  finishReasons: ["STOP"],
  usage: {
    ...UNKNOWN_USAGE,
    input: 507,
    cacheRead: 400,
    output: 100,
    reasoning: 80,
    audioIn: 50,
    imageIn: 25,
    imageOut: 12,
  },
};

describe("Gemini generateContent", () => {
  it.each([
    ["/v1beta/models/gemini-2.5-flash:generateContent", false],
    ["/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:streamGenerateContent", true],
  ])("reads model and stream from %s", (path, streamed) => {
    expect(GEMINI_GENERATE_CONTENT.matchRequest("POST", path)).toBe(true);
    expect(GEMINI_GENERATE_CONTENT.readRequest(path, null)).toEqual({
      operation: "generate_content",
      requestModel: "gemini-2.5-flash",
      streamed,
    });
  });

  it("does not match counting, nor paths without a model", () => {
    for (const path of ["/v1beta/models/m:countTokens", "/v1beta/models/:generateContent", "generateContent", "/x"]) {
      expect(GEMINI_GENERATE_CONTENT.matchRequest("POST", path)).toBe(false);
    }
  });

  it("gives the same outcome as value, text, bytes, stream and list of chunks", () => {
    for (const outcome of readPlain(GEMINI_GENERATE_CONTENT, GEMINI)) expect(outcome).toEqual(EXPECTED);
    for (const outcome of readPlain(GEMINI_GENERATE_CONTENT, GEMINI_CHUNKS)) expect(outcome).toEqual(EXPECTED);
    expect(readStream(GEMINI_GENERATE_CONTENT, [GEMINI_STREAM])).toEqual(EXPECTED);
  });

  it("takes candidates that are left out for zero only when the total says so", () => {
    const known = { promptTokenCount: 10, thoughtsTokenCount: 5, totalTokenCount: 15 };
    expect(GEMINI_GENERATE_CONTENT.readResponse({ usageMetadata: known }).usage.output).toBe(5);
    expect(GEMINI_GENERATE_CONTENT.readResponse({ usageMetadata: { promptTokenCount: 10 } }).usage.output).toBeNull();
  });

  it("knows the input of a stream that was cut, and not how much would have come out", () => {
    const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 2, thoughtsTokenCount: 5, totalTokenCount: 16 };
    const begun = readStream(GEMINI_GENERATE_CONTENT, [event({ candidates: [{ index: 0 }], usageMetadata })]);
    expect(begun.usage).toEqual({ ...UNKNOWN_USAGE, input: 9 });
  });

  it("reports a blocked prompt and an error inside a stream", () => {
    const blocked = {
      promptFeedback: { blockReason: "SAFETY" },
      usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 },
    };
    const outcome = GEMINI_GENERATE_CONTENT.readResponse(blocked);
    expect([outcome.finishReasons, outcome.usage.input, outcome.usage.output]).toEqual([["SAFETY"], 4, 0]);
    const failed = readStream(GEMINI_GENERATE_CONTENT, [event({ error: { code: 503, status: "UNAVAILABLE" } })]);
    expect(failed.errorType).toBe("UNAVAILABLE");
  });
});

describe("grounding with Google Search", () => {
  const grounded = (webSearchQueries: readonly unknown[], modelVersion: string) => ({
    ...GEMINI,
    modelVersion,
    candidates: [{ finishReason: "STOP", groundingMetadata: { webSearchQueries } }],
  });
  const count = (body: unknown) => readPlain(GEMINI_GENERATE_CONTENT, body).map((read) => read.usage.webSearchRequests);

  it("is billed once a prompt before Gemini 3, and by each different query from then on", () => {
    const queries = ["", "euro 2024 winner", "final score", "", "euro 2024 winner"];
    expect(count(grounded(queries, "gemini-2.5-pro"))).toEqual([1, 1, 1]);
    expect(count(grounded(queries, "gemini-2.0-flash-001"))).toEqual([1, 1, 1]);
    expect(count(grounded(queries, "gemini-3-flash-preview"))).toEqual([2, 2, 2]);
    expect(count(grounded(queries, "gemini-3.8-flash"))).toEqual([2, 2, 2]);
    expect(count(grounded([""], "gemini-3.8-flash"))).toEqual([null, null, null]);
    expect(count(grounded([], "gemini-2.5-pro"))).toEqual([null, null, null]);
  });

  it("counts the queries of all chunks of a stream", () => {
    const first = { ...GEMINI_CHUNKS[0], candidates: [{ groundingMetadata: { webSearchQueries: ["a", "b"] } }] };
    const last = grounded(["b", "c"], "gemini-3-pro-preview");
    const stream = [first, GEMINI_CHUNKS[1], last].map((chunk) => event(chunk)).join("");
    expect(readStream(GEMINI_GENERATE_CONTENT, [stream]).usage.webSearchRequests).toBe(3);
  });
});

describe("Gemini embeddings", () => {
  it("match the three ways to embed", () => {
    const matches = (path: string) => GEMINI_EMBED_CONTENT.matchRequest("POST", path);
    expect(matches("/v1beta/models/gemini-embedding-001:embedContent")).toBe(true);
    expect(matches("/v1beta/models/gemini-embedding-001:batchEmbedContents")).toBe(true);
    expect(matches("/v1/publishers/google/models/text-embedding-005:predict")).toBe(true);
    expect(matches("/v1/publishers/google/models/imagen-4:predict")).toBe(false);
  });

  it("read the tokens where there are any", () => {
    const usage = { ...UNKNOWN_USAGE, input: 7, output: 0 };
    expect(GEMINI_EMBED_CONTENT.readResponse({ usageMetadata: { promptTokenCount: 7 } }).usage).toEqual(usage);
    const predictions = [3, 4].map((count) => ({ embeddings: { values: [1], statistics: { token_count: count } } }));
    expect(GEMINI_EMBED_CONTENT.readResponse({ predictions }).usage).toEqual(usage);
    expect(GEMINI_EMBED_CONTENT.readResponse({ embeddings: [{ values: [1] }] })).toEqual(UNKNOWN_OUTCOME);
  });
});
