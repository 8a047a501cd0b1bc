import type OpenAI from "openai";
import {
  type Ask,
  CITY_SCHEMA,
  type SdkAdapter,
  WEATHER_TOOL,
} from "../../instrumentation/test/call-table/sdk-adapter.ts";

const CITY_FORMAT = { name: "city", strict: true, schema: CITY_SCHEMA };
const CHAT_TOOL = {
  type: "function" as const,
  function: { name: WEATHER_TOOL.name, description: WEATHER_TOOL.description, parameters: WEATHER_TOOL.schema },
};
const RESPONSES_TOOL = {
  type: "function" as const,
  name: WEATHER_TOOL.name,
  description: WEATHER_TOOL.description,
  parameters: WEATHER_TOOL.schema,
  strict: true,
};

/** `chat.completions` of an OpenAI client. */
export function createChatAdapter(client: OpenAI, model: string): SdkAdapter {
  const toBody = ({ prompt }: Ask) => ({ model, messages: [{ role: "user" as const, content: prompt }] });
  const parser = "parse" in client.chat.completions ? client.chat.completions : findBetaParser(client);
  return {
    create: (ask) => client.chat.completions.create(toBody(ask), toOptions(ask)),
    stream: (ask) => client.chat.completions.create({ ...toBody(ask), stream: true }, toOptions(ask)),
    parse: (ask) =>
      parser.parse(
        { ...toBody(ask), response_format: { type: "json_schema", json_schema: CITY_FORMAT } },
        toOptions(ask),
      ),
    async respondRaw(ask) {
      const beside = await client.chat.completions.create(toBody(ask), toOptions(ask)).withResponse();
      const response = await client.chat.completions
        .create({ ...toBody(ask), stream: true }, toOptions(ask))
        .asResponse();
      return [beside, response, await response.text(), response.bodyUsed];
    },
    async callTool(ask) {
      const body = { ...toBody(ask), tools: [CHAT_TOOL] };
      const asked = await client.chat.completions.create(body, toOptions(ask));
      const message = asked.choices[0]?.message;
      const [call] = message?.tool_calls ?? [];
      if (message === undefined || call === undefined) throw new Error("The model asked for no tool.");
      const result = { role: "tool" as const, tool_call_id: call.id, content: WEATHER_TOOL.result };
      const messages = [...body.messages, message, result];
      return [asked, await client.chat.completions.create({ ...body, messages }, toOptions(ask))];
    },
  };
}

/** `responses` of an OpenAI client. */
export function createResponsesAdapter(client: OpenAI, model: string): SdkAdapter {
  const toBody = ({ prompt }: Ask) => ({ model, input: [{ role: "user" as const, content: prompt }] });
  return {
    create: (ask) => client.responses.create(toBody(ask), toOptions(ask)),
    stream: (ask) => client.responses.create({ ...toBody(ask), stream: true }, toOptions(ask)),
    parse: (ask) =>
      client.responses.parse(
        { ...toBody(ask), text: { format: { type: "json_schema", ...CITY_FORMAT } } },
        toOptions(ask),
      ),
    async respondRaw(ask) {
      const beside = await client.responses.create(toBody(ask), toOptions(ask)).withResponse();
      const response = await client.responses.create({ ...toBody(ask), stream: true }, toOptions(ask)).asResponse();
      return [beside, response, await response.text(), response.bodyUsed];
    },
    async callTool(ask) {
      const body = { ...toBody(ask), tools: [RESPONSES_TOOL] };
      const asked = await client.responses.create(body, toOptions(ask));
      const call = asked.output.find((item) => item.type === "function_call");
      if (call === undefined) throw new Error("The model asked for no tool.");
      const result = { type: "function_call_output" as const, call_id: call.call_id, output: WEATHER_TOOL.result };
      const input = [...body.input, call, result];
      return [asked, await client.responses.create({ ...body, input }, toOptions(ask))];
    },
  };
}

/** Up to version 4, `.parse()` stands under `beta`. */
function findBetaParser(client: OpenAI): Pick<OpenAI["chat"]["completions"], "parse"> {
  return (client.beta as unknown as OpenAI).chat.completions;
}

function toOptions({ signal, maxRetries }: Ask): { maxRetries: number; signal?: AbortSignal } {
  return signal === undefined ? { maxRetries } : { maxRetries, signal };
}
