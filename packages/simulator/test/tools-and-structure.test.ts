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

const SCHEMA = {
  type: "object" as const,
  properties: {
    city: { type: "string" },
    days: { type: "integer", minimum: 1 },
    unit: { enum: ["celsius", "kelvin"] },
    parts: { type: "array", items: { $ref: "#/$defs/part" } },
  },
  required: ["city", "days", "unit", "parts"],
  additionalProperties: false,
  $defs: { part: { type: "object", properties: { wet: { type: "boolean" } } } },
};
const FITTING = {
  city: expect.any(String),
  days: expect.any(Number),
  unit: "celsius",
  parts: [{ wet: expect.any(Boolean) }],
};
const FUNCTION = { name: "weather", parameters: SCHEMA };
const TOOLS = [{ type: "function" as const, function: FUNCTION }];
const PROMPT = "How is the weather?";

function parse(text: string | null | undefined): unknown {
  return JSON.parse(text ?? "null");
}

describe("a request that offers tools gets a call first, and text once it has the result", () => {
  test("OpenAI chat, plain and streamed", async () => {
    const { completions } = clients.openai.chat;
    const ask = { role: "user" as const, content: PROMPT };
    const first = await completions.create({ model: "gpt-4.1", messages: [ask], tools: TOOLS });
    const [choice] = first.choices;
    const call = choice?.message.tool_calls?.[0];
    if (choice === undefined || call?.type !== "function") throw new Error("Expected a call.");
    expect([choice.finish_reason, call.function.name]).toEqual(["tool_calls", "weather"]);
    expect(parse(call.function.arguments)).toEqual(FITTING);
    const result = { role: "tool" as const, tool_call_id: call.id, content: "wet" };
    const second = await completions.create({
      model: "gpt-4.1",
      messages: [ask, choice.message, result],
      tools: TOOLS,
    });
    expect(second.choices[0]?.finish_reason).toBe("stop");
    expect(second.choices[0]?.message.content).not.toBe("");
    const streamed = completions.stream({ model: "gpt-4.1", messages: [ask], tools: TOOLS });
    const [message] = (await streamed.finalChatCompletion()).choices.map((each) => each.message);
    const again = message?.tool_calls?.[0];
    expect(again?.type === "function" && parse(again.function.arguments)).toEqual(FITTING);
  });

  test("OpenAI responses, plain and streamed", async () => {
    const tools = [{ type: "function" as const, ...FUNCTION, strict: true }];
    const first = await clients.openai.responses.create({ model: "gpt-4.1", input: PROMPT, tools });
    const call = first.output.at(-1);
    if (call?.type !== "function_call") throw new Error("Expected a call.");
    expect(parse(call.arguments)).toEqual(FITTING);
    const result = { type: "function_call_output" as const, call_id: call.call_id, output: "wet" };
    const second = await clients.openai.responses.create({ model: "gpt-4.1", input: [call, result], tools });
    expect(second.output_text).not.toBe("");
    const streamed = clients.openai.responses.stream({ model: "gpt-4.1", input: PROMPT, tools });
    const again = (await streamed.finalResponse()).output.at(-1);
    expect(again?.type === "function_call" && parse(again.arguments)).toEqual(FITTING);
  });

  test("Anthropic messages, plain and streamed", async () => {
    const tools = [{ name: "weather", input_schema: SCHEMA }];
    const ask = { role: "user" as const, content: PROMPT };
    const request = { model: "claude-sonnet-4-5", max_tokens: 100, tools };
    const first = await clients.anthropic.messages.create({ ...request, messages: [ask] });
    const [call] = first.content;
    if (call?.type !== "tool_use") throw new Error("Expected a call.");
    expect(first.stop_reason).toBe("tool_use");
    expect(call.input).toEqual(FITTING);
    const result = { type: "tool_result" as const, tool_use_id: call.id, content: "wet" };
    const turns = [ask, { role: "assistant" as const, content: [call] }, { role: "user" as const, content: [result] }];
    const second = await clients.anthropic.messages.create({ ...request, messages: turns });
    expect(second.content[0]?.type).toBe("text");
    const streamed = clients.anthropic.messages.stream({ ...request, messages: [ask] });
    expect((await streamed.finalMessage()).content[0]).toMatchObject({ type: "tool_use", input: FITTING });
  });

  test("Gemini, plain and streamed", async () => {
    const request = {
      model: "gemini-2.5-flash",
      config: { tools: [{ functionDeclarations: [{ name: "weather", parametersJsonSchema: SCHEMA }] }] },
    };
    const ask = { role: "user", parts: [{ text: PROMPT }] };
    const first = await clients.google.models.generateContent({ ...request, contents: [ask] });
    const [call] = first.functionCalls ?? [];
    expect(call).toMatchObject({ name: "weather", args: FITTING });
    const result = { role: "user", parts: [{ functionResponse: { name: "weather", response: { wet: true } } }] };
    const second = await clients.google.models.generateContent({ ...request, contents: [ask, result] });
    expect([second.functionCalls, second.text === ""]).toEqual([undefined, false]);
    const chunks = await collect(await clients.google.models.generateContentStream({ ...request, contents: [ask] }));
    expect(chunks.flatMap((chunk) => chunk.functionCalls ?? [])).toMatchObject([{ name: "weather", args: FITTING }]);
  });

  test("Groq chat", async () => {
    const ask = { role: "user" as const, content: PROMPT };
    const request = { model: "llama-3.3-70b-versatile", tools: TOOLS };
    const first = await clients.groq.chat.completions.create({ ...request, messages: [ask] });
    const [call] = first.choices[0]?.message.tool_calls ?? [];
    expect(parse(call?.function.arguments)).toEqual(FITTING);
    const result = { role: "tool" as const, tool_call_id: call?.id ?? "", content: "wet" };
    const second = await clients.groq.chat.completions.create({ ...request, messages: [ask, result] });
    expect(second.choices[0]?.finish_reason).toBe("stop");
  });
});

describe("structured output fits the schema that was asked for", () => {
  const format = { name: "forecast", schema: SCHEMA, strict: true };

  test("OpenAI chat and responses", async () => {
    const chat = await clients.openai.chat.completions.parse({
      model: "gpt-4.1",
      messages: [{ role: "user", content: PROMPT }],
      response_format: { type: "json_schema", json_schema: format },
    });
    expect(parse(chat.choices[0]?.message.content)).toEqual(FITTING);
    const response = await clients.openai.responses.parse({
      model: "gpt-4.1",
      input: PROMPT,
      text: { format: { type: "json_schema", ...format } },
    });
    expect(parse(response.output_text)).toEqual(FITTING);
  });

  test("Anthropic messages", async () => {
    const message = await clients.anthropic.messages.parse({
      model: "claude-sonnet-4-5",
      max_tokens: 100,
      messages: [{ role: "user", content: PROMPT }],
      output_config: { format: { type: "json_schema", schema: SCHEMA } },
    });
    const [block] = message.content;
    expect(block?.type === "text" && parse(block.text)).toEqual(FITTING);
  });

  test("Gemini and Groq", async () => {
    const gemini = await clients.google.models.generateContent({
      model: "gemini-2.5-flash",
      contents: PROMPT,
      config: { responseMimeType: "application/json", responseJsonSchema: SCHEMA },
    });
    expect(parse(gemini.text)).toEqual(FITTING);
    const groq = await clients.groq.chat.completions.create({
      model: "openai/gpt-oss-120b",
      messages: [{ role: "user", content: PROMPT }],
      response_format: { type: "json_schema", json_schema: format },
    });
    expect(parse(groq.choices[0]?.message.content)).toEqual(FITTING);
  });
});
