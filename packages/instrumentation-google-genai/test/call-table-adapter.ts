import type { GenerateContentConfig, GoogleGenAI } from "@google/genai";
import { NO_RAW_RESPONSE } from "../../instrumentation/test/call-table/absent-cells.ts";
import {
  type Ask,
  CITY_SCHEMA,
  type SdkAdapter,
  WEATHER_TOOL,
} from "../../instrumentation/test/call-table/sdk-adapter.ts";

const FUNCTION = {
  name: WEATHER_TOOL.name,
  description: WEATHER_TOOL.description,
  parametersJsonSchema: WEATHER_TOOL.schema,
};

/** Makes a client that tries a request so often. */
export type CreateClient = (attempts: number) => GoogleGenAI;

/** `models` of a Google Gen AI client. `retries`: whether the SDK can; where it cannot, the app tries again itself. */
export function createModelsAdapter(createClient: CreateClient, model: string, retries: boolean): SdkAdapter {
  const toModels = ({ maxRetries }: Ask): GoogleGenAI["models"] => createClient(maxRetries + 1).models;
  return {
    create: async (ask) => {
      try {
        return await toModels(ask).generateContent(toRequest(ask));
      } catch (error) {
        if (retries || ask.maxRetries === 0) throw error;
        return toModels(ask).generateContent(toRequest(ask));
      }
    },
    stream: (ask) => toModels(ask).generateContentStream(toRequest(ask)),
    // The SDK has no `.parse()`: the app asks for a schema and reads the text.
    async parse(ask) {
      const schema = { responseMimeType: "application/json", responseJsonSchema: CITY_SCHEMA };
      const response = await toModels(ask).generateContent(toRequest(ask, schema));
      return JSON.parse(response.text ?? "") as unknown;
    },
    // The SDK hands out no `Response`, but its headers, on the result.
    async respondRaw(ask) {
      const whole = await toModels(ask).generateContent(toRequest(ask));
      if (whole.sdkHttpResponse === undefined) throw new Error(NO_RAW_RESPONSE);
      const chunks = [];
      for await (const chunk of await toModels(ask).generateContentStream(toRequest(ask))) chunks.push(chunk);
      return [whole.sdkHttpResponse, chunks.map((chunk) => chunk.sdkHttpResponse)];
    },
    async callTool(ask) {
      const request = toRequest(ask, { tools: [{ functionDeclarations: [FUNCTION] }] });
      const asked = await toModels(ask).generateContent(request);
      const content = asked.candidates?.[0]?.content;
      const [call] = asked.functionCalls ?? [];
      if (content === undefined || call === undefined) throw new Error("The model asked for no tool.");
      const result = { name: WEATHER_TOOL.name, response: { output: WEATHER_TOOL.result } };
      const contents = [
        { role: "user", parts: [{ text: ask.prompt }] },
        content,
        { role: "user", parts: [{ functionResponse: result }] },
      ];
      return [asked, asked.functionCalls, await toModels(ask).generateContent({ ...request, contents })];
    },
  };

  function toRequest({ prompt, signal }: Ask, config: GenerateContentConfig = {}) {
    return { model, contents: prompt, config: signal === undefined ? config : { ...config, abortSignal: signal } };
  }
}
