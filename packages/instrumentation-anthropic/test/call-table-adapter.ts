import type Anthropic from "@anthropic-ai/sdk";
import {
  type Ask,
  CITY_SCHEMA,
  type SdkAdapter,
  WEATHER_TOOL,
} from "../../instrumentation/test/call-table/sdk-adapter.ts";

const MAX_TOKENS = 1_024;
const TOOL = { name: WEATHER_TOOL.name, description: WEATHER_TOOL.description, input_schema: WEATHER_TOOL.schema };
/** How structured output was asked for before `.parse()`: by a tool that must be used. */
const CITY_TOOL = { name: "city", description: "Takes a city", input_schema: CITY_SCHEMA };

/** `messages` of an Anthropic client. */
export function createMessagesAdapter(client: Anthropic, model: string): SdkAdapter {
  const { messages } = client;
  return {
    create: (ask) => messages.create(toBody(ask), toOptions(ask)),
    stream: (ask) => messages.create({ ...toBody(ask), stream: true }, toOptions(ask)),
    parse: (ask) =>
      "parse" in messages
        ? messages.parse(
            { ...toBody(ask), output_config: { format: { type: "json_schema", schema: CITY_SCHEMA } } },
            toOptions(ask),
          )
        : client.messages.create(
            { ...toBody(ask), tools: [CITY_TOOL], tool_choice: { type: "tool", name: CITY_TOOL.name } },
            toOptions(ask),
          ),
    async respondRaw(ask) {
      const beside = await messages.create(toBody(ask), toOptions(ask)).withResponse();
      const response = await messages.create({ ...toBody(ask), stream: true }, toOptions(ask)).asResponse();
      return [beside, response, await response.text(), response.bodyUsed];
    },
    async callTool(ask) {
      const body = { ...toBody(ask), tools: [TOOL] };
      const asked = await messages.create(body, toOptions(ask));
      const call = asked.content.find((block) => block.type === "tool_use");
      if (call === undefined) throw new Error("The model asked for no tool.");
      const result = { type: "tool_result" as const, tool_use_id: call.id, content: WEATHER_TOOL.result };
      const turns: Anthropic.MessageParam[] = [
        ...body.messages,
        { role: "assistant", content: asked.content },
        { role: "user", content: [result] },
      ];
      return [asked, await messages.create({ ...body, messages: turns }, toOptions(ask))];
    },
  };

  /** The prompt is marked for the cache, so that its tokens are counted as read or written. */
  function toBody({ prompt }: Ask) {
    const text = { type: "text" as const, text: prompt, cache_control: { type: "ephemeral" as const } };
    return { model, max_tokens: MAX_TOKENS, messages: [{ role: "user" as const, content: [text] }] };
  }
}

function toOptions({ signal, maxRetries }: Ask): { maxRetries: number; signal?: AbortSignal } {
  return signal === undefined ? { maxRetries } : { maxRetries, signal };
}
