import { describe, expect, it } from "vitest";
import { listNameCandidates, readModelName, toCanonicalName } from "../src/model-names.ts";
import { readProviderName } from "../src/provider-names.ts";

describe("readModelName", () => {
  it.each([
    [
      "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
      { name: "anthropic.claude-3-5-sonnet-20241022-v2:0", provider: "bedrock", region: "us" },
    ],
    ["us-gov.anthropic.claude-3-haiku-20240307-v1:0", { provider: "bedrock", region: "us-gov" }],
    [
      "arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/us-gov.anthropic.claude-3-haiku-20240307-v1:0",
      { name: "anthropic.claude-3-haiku-20240307-v1:0", region: "us-gov" },
    ],
    [
      "arn:aws:bedrock:eu-west-3::foundation-model/mistral.mistral-7b-instruct-v0:2",
      { name: "mistral.mistral-7b-instruct-v0:2", region: "eu-west-3" },
    ],
    ["arn:aws:bedrock:us-east-1:1:provisioned-model/abc", { readable: false }],
    [
      "bedrock/us-east-1/anthropic.claude-v2:1",
      { name: "anthropic.claude-v2:1", provider: "bedrock", region: "us-east-1" },
    ],
    ["azure/eu/gpt-4o-2024-08-06", { name: "gpt-4o-2024-08-06", provider: "azure", region: "eu" }],
    [
      "projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4-5@20251101",
      { name: "claude-opus-4-5@20251101", provider: "vertex", region: "us-east5" },
    ],
    ["  Models/Gemini-2.5-Flash ", { name: "gemini-2.5-flash", provider: "" }],
    ["meta-llama/llama-4-scout", { name: "meta-llama/llama-4-scout", provider: "" }],
  ])("takes %s apart", (model, expected) => {
    expect(readModelName(model)).toMatchObject(expected);
  });
});

describe("listNameCandidates", () => {
  it("tries the name itself first, and marks what it had to cut a date or `-latest` for", () => {
    expect(listNameCandidates("gpt-4o-2027-01-31")).toEqual([
      { name: "gpt-4o-2027-01-31", inferred: false },
      { name: "gpt-4o", inferred: true },
    ]);
    expect(listNameCandidates("claude-sonnet-4-5@20250929")).toContainEqual({
      name: "claude-sonnet-4-5-20250929",
      inferred: false,
    });
  });
  it.each([
    "gpt-4-0613",
    "mistral-large-2411",
    "gemini-1.5-pro-002",
    "grok-4-0709",
    "gpt-4.1",
    "o3",
    "amazon.titan-embed-text-v2",
    "anthropic.claude-v2",
  ])("never cuts digits of a version: %s", (name) => {
    expect(listNameCandidates(name)).toEqual([{ name, inferred: false }]);
  });
  it("keeps Titan's versions apart", () => {
    const names = listNameCandidates("amazon.titan-embed-text-v2:0").map(({ name }) => name);
    expect(names).toEqual(["amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v2"]);
  });
});

describe("toCanonicalName", () => {
  it.each([
    ["claude-4.5-sonnet", "claude-sonnet-4-5"],
    ["claude-4-sonnet-20250514", "claude-sonnet-4-20250514"],
    ["claude-sonnet-3.7", "claude-3-7-sonnet"],
    ["claude-3.5-haiku", "claude-3-5-haiku"],
    ["claude-3-haiku-20240307", "claude-3-haiku-20240307"],
    ["gpt-35-turbo-16k", "gpt-3.5-turbo-16k"],
    ["anthropic.claude-opus-4-6-v1:0", "anthropic.claude-opus-4-6"],
  ])("spells %s as %s", (name, canonical) => {
    expect(toCanonicalName(name)).toBe(canonical);
  });
});

describe("readProviderName", () => {
  it.each([
    ["gcp.gen_ai", "google"],
    ["gcp.gemini", "google"],
    ["gcp.vertex_ai", "vertex"],
    ["google.vertex.chat", "vertex"],
    ["google.generative-ai", "google"],
    ["azure.ai.openai", "azure"],
    ["az.ai.inference", "azure"],
    ["aws.bedrock", "bedrock"],
    ["amazon-bedrock", "bedrock"],
    ["openai.chat", "openai"],
    ["openai.responses", "openai"],
    ["groq.chat", "groq"],
    ["x_ai", "xai"],
    ["Mistral AI", "mistral"],
    ["OpenAI", "openai"],
  ])("reads %s as %s", (name, provider) => {
    expect(readProviderName(name)).toEqual({ kind: "known", provider });
  });
  it("knows frameworks from providers, and an operator's own machines from both", () => {
    expect(["vercel", "langchain", "litellm", ""].map((name) => readProviderName(name).kind)).toEqual([
      "unnamed",
      "unnamed",
      "unnamed",
      "unnamed",
    ]);
    expect(["ollama", "vllm"].map((name) => readProviderName(name).kind)).toEqual(["self-hosted", "self-hosted"]);
    expect(readProviderName("acme-ai").kind).toBe("unknown");
  });
});
