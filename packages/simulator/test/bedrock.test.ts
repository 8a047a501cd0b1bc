import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type ConverseStreamOutput,
  type Message,
  type ResponseStream,
  type SystemContentBlock,
  type TokenUsage,
} from "@aws-sdk/client-bedrock-runtime";
import {
  BedrockRuntimeClient as OldestBedrockRuntimeClient,
  ConverseCommand as OldestConverseCommand,
  ConverseStreamCommand as OldestConverseStreamCommand,
  InvokeModelCommand as OldestInvokeModelCommand,
  InvokeModelWithResponseStreamCommand as OldestInvokeModelWithResponseStreamCommand,
} from "client-bedrock-runtime-oldest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type Simulator, startSimulator } from "../src/index.ts";
import { collect, toUsage } from "./sdk-clients.ts";

const simulator: Simulator = await startSimulator();
const OPTIONS = { region: "eu-west-1", credentials: { accessKeyId: "AKIATEST", secretAccessKey: "secret" } };
const CLAUDE = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA = "amazon.nova-lite-v1:0";

afterAll(() => simulator.close());

const NEWEST = {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
};
/** The same commands; newer members of requests and answers pass through it. */
const OLDEST = {
  BedrockRuntimeClient: OldestBedrockRuntimeClient,
  ConverseCommand: OldestConverseCommand,
  ConverseStreamCommand: OldestConverseStreamCommand,
  InvokeModelCommand: OldestInvokeModelCommand,
  InvokeModelWithResponseStreamCommand: OldestInvokeModelWithResponseStreamCommand,
};
const SDKS = [
  { name: "3.1162.0 over HTTP/2", sdk: NEWEST, endpoint: () => simulator.http2Url },
  {
    name: "3.600.0 over HTTP/1.1",
    sdk: OLDEST as unknown as typeof NEWEST,
    endpoint: () => simulator.url,
  },
];

describe.each(SDKS)("Bedrock through the AWS SDK $name", ({ sdk, endpoint }) => {
  let client: BedrockRuntimeClient;

  beforeAll(() => {
    client = new sdk.BedrockRuntimeClient({ ...OPTIONS, endpoint: `${endpoint()}/bedrock-api` });
  });

  afterAll(() => client.destroy());

  const ask = (text: string): Message[] => [{ role: "user", content: [{ text }] }];
  const billed = () => simulator.journal().at(-1);

  test("Converse carries the billed usage, without the cache in its input", async () => {
    const answer = await client.send(
      new sdk.ConverseCommand({ modelId: CLAUDE, messages: ask("[tenant=acme] Hello"), system: SYSTEM }),
    );
    expect(answer.output?.message?.content?.[0]?.text).not.toBe("");
    expect(billed()).toMatchObject({
      provider: "bedrock",
      model: CLAUDE,
      path: `/bedrock-api/model/${encodeURIComponent(CLAUDE)}/converse`,
      streamed: false,
      responseId: answer.$metadata.requestId,
      tenantHint: "acme",
    });
    expect(fromConverse(answer.usage)).toEqual(billed()?.usage);
  });

  test("ConverseStream carries it in its metadata, after all of the text", async () => {
    const { stream = [] } = await client.send(
      new sdk.ConverseStreamCommand({ modelId: CLAUDE, messages: ask("Stream"), system: SYSTEM }),
    );
    const events = await collect(stream as AsyncIterable<ConverseStreamOutput>);
    expect(events[0]).toMatchObject({ messageStart: { role: "assistant" } });
    expect(events.filter((event) => event.contentBlockDelta?.delta?.text).length).toBeGreaterThan(2);
    expect(fromConverse(events.at(-1)?.metadata?.usage)).toEqual(billed()?.usage);
    await expect.poll(() => billed()?.outcome).toBe("complete");
  });

  test("Converse calls a tool, and answers once it has the result", async () => {
    const schema = { type: "object", properties: { city: { type: "string" } } };
    const tools = [{ toolSpec: { name: "weather", inputSchema: { json: schema } } }];
    const request = { modelId: NOVA, toolConfig: { tools } };
    const first = await client.send(new sdk.ConverseCommand({ ...request, messages: ask("Weather?") }));
    const call = first.output?.message?.content?.[0]?.toolUse;
    expect([first.stopReason, call?.name, call?.input]).toEqual(["tool_use", "weather", { city: expect.any(String) }]);
    const result = { toolResult: { toolUseId: call?.toolUseId, content: [{ text: "wet" }] } };
    const messages = [...ask("Weather?"), first.output?.message, { role: "user", content: [result] }];
    const second = await client.send(new sdk.ConverseCommand({ ...request, messages: messages as Message[] }));
    expect([second.stopReason, second.output?.message?.content?.[0]?.toolUse]).toEqual(["end_turn", undefined]);
    const streamed = await client.send(new sdk.ConverseStreamCommand({ ...request, messages: ask("Weather!") }));
    const events = await collect(streamed.stream as AsyncIterable<ConverseStreamOutput>);
    const input = events.map((event) => event.contentBlockDelta?.delta?.toolUse?.input ?? "").join("");
    expect(JSON.parse(input)).toEqual({ city: expect.any(String) });
  });

  test("InvokeModel answers in the format of the model's maker", async () => {
    const invoke = async (modelId: string, request: object): Promise<never> => {
      const { body } = await client.send(new sdk.InvokeModelCommand({ modelId, body: JSON.stringify(request) }));
      return JSON.parse(new TextDecoder().decode(body)) as never;
    };
    const message: { model: string; usage: Record<string, number> } = await invoke(CLAUDE, {
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 10,
      messages: [{ role: "user", content: "Hi" }],
    });
    expect(message.model).toBe("claude-sonnet-4-5-20250929");
    const { input_tokens: input, output_tokens: output } = message.usage;
    expect(toUsage({ input: input ?? 0, output: output ?? 0 })).toEqual(billed()?.usage);
    const nova: { usage: Record<string, number> } = await invoke(NOVA, { messages: ask("Hi") });
    expect(nova.usage["outputTokens"]).toBe(billed()?.usage.output);
    const embedding: { inputTextTokenCount: number } = await invoke("amazon.titan-embed-text-v2:0", {
      inputText: "Hi",
    });
    expect(toUsage({ input: embedding.inputTextTokenCount })).toEqual(billed()?.usage);
  });

  test.each([CLAUDE, NOVA])("a stream of InvokeModel for %s ends with Bedrock's own count", async (modelId) => {
    const body = JSON.stringify({ max_tokens: 10, messages: [{ role: "user", content: [{ text: "Hi" }] }] });
    const answer = await client.send(new sdk.InvokeModelWithResponseStreamCommand({ modelId, body }));
    const events = await collect(answer.body as AsyncIterable<ResponseStream>);
    const chunks = events.map((event) => JSON.parse(new TextDecoder().decode(event.chunk?.bytes)));
    const { inputTokenCount, outputTokenCount } = chunks.at(-1)["amazon-bedrock-invocationMetrics"];
    expect(toUsage({ input: inputTokenCount, output: outputTokenCount })).toEqual(billed()?.usage);
  });

  test("faults: a refused attempt is retried, 500 is an exception, a drop breaks the stream", async () => {
    const before = simulator.journal().length;
    const key = client.config.requestHandler.constructor.name;
    await client.send(new sdk.ConverseCommand({ modelId: NOVA, messages: ask(`[fault=429-once:${key}]`) }));
    expect(simulator.journal().length - before).toBe(1);
    const once = new sdk.BedrockRuntimeClient({ ...OPTIONS, endpoint: `${endpoint()}/bedrock-api`, maxAttempts: 1 });
    await expect(
      once.send(new sdk.ConverseCommand({ modelId: NOVA, messages: ask("[fault=500]") })),
    ).rejects.toMatchObject({ name: "InternalServerException" });
    const dropped = await once.send(new sdk.ConverseStreamCommand({ modelId: NOVA, messages: ask("[fault=drop]") }));
    await expect(collect(dropped.stream as AsyncIterable<ConverseStreamOutput>)).rejects.toThrow();
    await expect.poll(() => billed()?.outcome).toBe("cut");
    once.destroy();
  });
});

const SYSTEM: SystemContentBlock[] = [
  { text: "The handbook." },
  { cachePoint: { type: "default", ttl: "1h" } },
  { text: "The ticket." },
  { cachePoint: { type: "default" } },
];

function fromConverse(usage: TokenUsage | undefined): unknown {
  const written = usage?.cacheWriteInputTokens ?? 0;
  const long = usage?.cacheDetails?.find((detail) => detail.ttl === "1h")?.inputTokens ?? 0;
  const cacheRead = usage?.cacheReadInputTokens ?? 0;
  return toUsage({
    input: (usage?.inputTokens ?? 0) + cacheRead + written,
    cacheRead,
    cacheWrite5m: written - long,
    cacheWrite1h: long,
    output: usage?.outputTokens ?? 0,
  });
}
