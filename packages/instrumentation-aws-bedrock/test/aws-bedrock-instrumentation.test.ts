import type { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { AwsBedrockInstrumentation } from "../src/index.ts";
import { recordSpans } from "../../instrumentation/test/scripted-provider.ts";
import { startSimulator } from "../../simulator/src/index.ts";
import { NOVA_LITE, SONNET_IN_EUROPE, TITAN_EMBEDDINGS, expectSpanOf, type Prices } from "./expect-span-of.ts";
import { SDK_VERSIONS } from "./sdk-versions.ts";

const simulator = await startSimulator();
const spans = recordSpans();
const instrumentation = new AwsBedrockInstrumentation({
  enabled: false,
  baseUrls: [simulator.url, simulator.http2Url].map((url) => `${url}/bedrock-api`),
});
instrumentation.setTracerProvider(spans.tracerProvider);

beforeEach(() => {
  spans.reset();
  instrumentation.enable();
});
afterEach(() => instrumentation.disable());
afterAll(() => simulator.close());

const CLAUDE = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA = "us.amazon.nova-lite-v1:0";
const TITAN = "amazon.titan-embed-text-v2:0";
const SYSTEM = [
  { text: "The handbook." },
  { cachePoint: { type: "default" as const, ttl: "1h" as const } },
  { text: "The ticket." },
  { cachePoint: { type: "default" as const } },
];

it("has its package's name and version as its scope", () => {
  const { instrumentationName, instrumentationVersion } = instrumentation;
  expect([instrumentationName, instrumentationVersion]).toEqual([manifest.name, manifest.version]);
});

describe.each(SDK_VERSIONS)("AwsBedrockInstrumentation with $alias over $transport", ({ sdk, transport }) => {
  const origin = transport === "node:http2" ? simulator.http2Url : simulator.url;
  let client: BedrockRuntimeClient;

  beforeAll(() => {
    const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret" };
    client = new sdk.BedrockRuntimeClient({ region: "eu-west-1", credentials, endpoint: `${origin}/bedrock-api` });
  });
  afterAll(() => client.destroy());

  const ask = (text: string) => [{ role: "user" as const, content: [{ text }] }];

  it("records Converse with its cache, priced at the prefix's region to the last digit", async () => {
    const request = { modelId: CLAUDE, messages: ask("secret"), system: SYSTEM };
    const { $metadata } = await client.send(new sdk.ConverseCommand(request));
    const [span] = await spans.waitFor(1);
    expect(span?.name).toBe(`chat ${CLAUDE}`);
    expect(span?.attributes).toMatchObject({
      "gen_ai.provider.name": "aws.bedrock",
      "gen_ai.request.model": CLAUDE,
      "gen_ai.response.id": $metadata.requestId,
      "gen_ai.response.finish_reasons": ["end_turn"],
      "spancost.inference_region": "eu-west-1",
      "spancost.attempt": 0,
    });
    expectBilled(0, SONNET_IN_EUROPE);
    expect(JSON.stringify(span?.attributes)).not.toContain("secret");
  });

  it("records ConverseStream to its end", async () => {
    const request = { modelId: NOVA, messages: ask("Stream") };
    const { stream = [] } = await client.send(new sdk.ConverseStreamCommand(request));
    for await (const _event of stream);
    await spans.waitFor(1);
    expect(spans.finished()[0]?.attributes).toMatchObject({
      "gen_ai.request.stream": true,
      "gen_ai.response.finish_reasons": ["end_turn"],
    });
    expectBilled(0, NOVA_LITE);
  });

  it("records InvokeModel of Claude, and of embeddings, which have no output", async () => {
    const invoke = (modelId: string, body: object) =>
      client.send(new sdk.InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    await invoke(CLAUDE, { max_tokens: 10, messages: [{ role: "user", content: "Hi" }] });
    await invoke(TITAN, { inputText: "Hi" });
    await spans.waitFor(2);
    expect(spans.finished().map((span) => span.name)).toEqual([`chat ${CLAUDE}`, `embeddings ${TITAN}`]);
    expectBilled(0, SONNET_IN_EUROPE, 2);
    expectBilled(1, TITAN_EMBEDDINGS, 1);
  });

  it.each([
    [CLAUDE, SONNET_IN_EUROPE],
    [NOVA, NOVA_LITE],
  ])("records a stream of InvokeModel for %s", async (modelId, prices) => {
    const body = JSON.stringify({ max_tokens: 10, messages: [{ role: "user", content: [{ text: "Hi" }] }] });
    const answer = await client.send(new sdk.InvokeModelWithResponseStreamCommand({ modelId, body }));
    for await (const _event of answer.body ?? []);
    await spans.waitFor(1);
    expectBilled(0, prices);
  });

  it("records one span an attempt when the SDK retries, and an error that stays one", async () => {
    await client.send(new sdk.ConverseCommand({ modelId: NOVA, messages: ask(`[fault=429-once:${transport}-retry]`) }));
    await spans.waitFor(2);
    const attempts = spans
      .finished()
      .map(({ attributes }) => [attributes["spancost.attempt"], attributes["error.type"]]);
    expect(attempts).toEqual([
      [0, "429"],
      [1, undefined],
    ]);
    expectBilled(1, NOVA_LITE);
  });

  it("knows no usage of a stream that the connection broke", async () => {
    const request = { modelId: NOVA, messages: ask("[fault=drop] [delay=5]") };
    const { stream = [] } = await client.send(new sdk.ConverseStreamCommand(request));
    const read = async () => {
      for await (const _event of stream);
    };
    await expect(read()).rejects.toThrow();
    const [span] = await spans.waitFor(1);
    expect(span?.attributes).not.toHaveProperty("gen_ai.usage.input_tokens");
    expect(span?.status.code).toBe(2);
  });
});

describe("AwsBedrockInstrumentation", () => {
  it.each([
    ["https://bedrock-runtime.us-east-1.amazonaws.com", "us-east-1"],
    ["https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
    ["https://bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    ["https://vpce-0a1b-2c.bedrock-runtime.ap-southeast-2.vpce.amazonaws.com", "ap-southeast-2"],
    ["https://bedrock-runtime.eu-central-1.api.aws", "eu-central-1"],
  ])("sees calls to %s, in its region", async (origin, region) => {
    // No host of a test may be called: the call fails, and is seen.
    const dead = { method: "POST", body: "{}", signal: AbortSignal.abort() };
    await expect(fetch(`${origin}/model/m/converse`, dead)).rejects.toThrow();
    await spans.waitFor(1);
    expect(spans.finished()[0]?.attributes).toMatchObject({
      "gen_ai.request.model": "m",
      "spancost.inference_region": region,
    });
  });

  it("leaves token counts, guardrails and other services' hosts alone", async () => {
    const dead = { method: "POST", body: "{}", signal: AbortSignal.abort() };
    for (const url of [
      "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/count-tokens",
      "https://bedrock-runtime.us-east-1.amazonaws.com/guardrail/g/version/1/apply",
      "https://bedrock.us-east-1.amazonaws.com/model/m/converse",
      "https://bedrock-runtime.us-east-1.amazonaws.com.example.com/model/m/converse",
    ]) {
      await expect(fetch(url, dead)).rejects.toThrow();
    }
    expect(spans.finished()).toEqual([]);
  });
});

/** `fromEnd`: which of the last bills is the span's. */
function expectBilled(index: number, prices: Prices, fromEnd = 1): void {
  const span = spans.finished()[index];
  const billed = simulator.journal().at(-fromEnd)?.usage;
  if (span === undefined || billed === undefined) expect.fail("no span, or no bill");
  expectSpanOf(billed, span, prices);
}
