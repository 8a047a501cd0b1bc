import type Groq from "groq-sdk";
import {
  type Ask,
  CITY_SCHEMA,
  type SdkAdapter,
  WEATHER_TOOL,
} from "../../instrumentation/test/call-table/sdk-adapter.ts";

const TOOL = {
  type: "function" as const,
  function: { name: WEATHER_TOOL.name, description: WEATHER_TOOL.description, parameters: WEATHER_TOOL.schema },
};

/** `chat.completions` of a Groq client. */
export function createChatAdapter(client: Groq, model: string): SdkAdapter {
  const { completions } = client.chat;
  const toBody = ({ prompt }: Ask) => ({ model, messages: [{ role: "user" as const, content: prompt }] });
  return {
    create: (ask) => completions.create(toBody(ask), toOptions(ask)),
    stream: (ask) => completions.create({ ...toBody(ask), stream: true }, toOptions(ask)),
    // The SDK has no `.parse()`: the app asks for a schema and reads the text.
    async parse(ask) {
      const json_schema = { name: "city", strict: true, schema: CITY_SCHEMA };
      const body = { ...toBody(ask), response_format: { type: "json_schema" as const, json_schema } };
      const completion = await completions.create(body, toOptions(ask));
      return JSON.parse(completion.choices[0]?.message.content ?? "") as unknown;
    },
    async respondRaw(ask) {
      const beside = await completions.create(toBody(ask), toOptions(ask)).withResponse();
      const response = await completions.create({ ...toBody(ask), stream: true }, toOptions(ask)).asResponse();
      return [beside, response, await response.text(), response.bodyUsed];
    },
    async callTool(ask) {
      const body = { ...toBody(ask), tools: [TOOL] };
      const asked = await completions.create(body, toOptions(ask));
      const message = asked.choices[0]?.message;
      const [call] = message?.tool_calls ?? [];
      if (message === undefined || call === undefined) throw new Error("The model asked for no tool.");
      const result = { role: "tool" as const, tool_call_id: call.id, content: WEATHER_TOOL.result };
      const messages = [...body.messages, message, result];
      return [asked, await completions.create({ ...body, messages }, toOptions(ask))];
    },
  };
}

function toOptions({ signal, maxRetries }: Ask): { maxRetries: number; signal?: AbortSignal } {
  return signal === undefined ? { maxRetries } : { maxRetries, signal };
}
