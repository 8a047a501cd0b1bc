import type {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseCommandInput,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  Message,
} from "@aws-sdk/client-bedrock-runtime";
import {
  type Ask,
  CITY_SCHEMA,
  type SdkAdapter,
  WEATHER_TOOL,
} from "../../instrumentation/test/call-table/sdk-adapter.ts";

/** The commands of one version of the SDK. */
export interface BedrockCommands {
  readonly ConverseCommand: typeof ConverseCommand;
  readonly ConverseStreamCommand: typeof ConverseStreamCommand;
  readonly InvokeModelCommand: typeof InvokeModelCommand;
  readonly InvokeModelWithResponseStreamCommand: typeof InvokeModelWithResponseStreamCommand;
}

/** An SDK, a model, and how clients are made that try a request so often. */
export interface BedrockSetup {
  readonly sdk: BedrockCommands;
  readonly model: string;
  /** Whether the SDK knows `outputConfig`; older ones ask for a tool that must be used. */
  readonly hasOutputConfig: boolean;
  readonly createClient: (maxAttempts: number) => BedrockRuntimeClient;
}

const MAX_TOKENS = 1_024;

/** `Converse` and `ConverseStream`. */
export function createConverseAdapter({ sdk, model, hasOutputConfig, ...setup }: BedrockSetup): SdkAdapter {
  const { createClient, close } = keepClients(setup);
  const toInput = ({ prompt }: Ask): ConverseCommandInput & { messages: Message[] } => ({
    modelId: model,
    messages: [{ role: "user", content: [{ text: prompt }] }],
  });
  const converse = (ask: Ask, input: ConverseCommandInput) =>
    toClient(createClient, ask).send(new sdk.ConverseCommand(input), toOptions(ask));
  return {
    close,
    create: (ask) => converse(ask, toInput(ask)),
    async stream(ask) {
      const command = new sdk.ConverseStreamCommand(toInput(ask));
      const { stream } = await toClient(createClient, ask).send(command, toOptions(ask));
      return toStream(stream);
    },
    parse: (ask) => converse(ask, { ...toInput(ask), ...(hasOutputConfig ? CITY_FORMAT : CITY_TOOL) }),
    async respondRaw(ask) {
      const client = toClient(createClient, ask);
      const responses = watchResponses(client);
      const { $metadata } = await client.send(new sdk.ConverseCommand(toInput(ask)));
      const streamed = await client.send(new sdk.ConverseStreamCommand(toInput(ask)));
      for await (const _event of streamed.stream ?? []);
      return [$metadata, streamed.$metadata, responses];
    },
    async callTool(ask) {
      const { name, description, schema, result } = WEATHER_TOOL;
      const toolConfig = { tools: [{ toolSpec: { name, description, inputSchema: { json: schema } } }] };
      const input = { ...toInput(ask), toolConfig };
      const asked = await converse(ask, input);
      const message = asked.output?.message;
      const call = message?.content?.find((block) => block.toolUse !== undefined)?.toolUse;
      if (message === undefined || call === undefined) throw new Error("The model asked for no tool.");
      const answer = { toolResult: { toolUseId: call.toolUseId, content: [{ text: result }] } };
      const messages: Message[] = [...input.messages, message, { role: "user", content: [answer] }];
      return [asked, await converse(ask, { ...input, messages })];
    },
  };
}

/** `InvokeModel` and `InvokeModelWithResponseStream`, of a Claude model, in its maker's format. */
export function createInvokeAdapter({ sdk, model, ...setup }: BedrockSetup): SdkAdapter {
  const { createClient, close } = keepClients(setup);
  const toInput = ({ prompt }: Ask, more: object = {}) => ({
    modelId: model,
    contentType: "application/json",
    body: JSON.stringify({
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: MAX_TOKENS,
      messages: [{ role: "user", content: prompt }],
      ...more,
    }),
  });
  const invoke = async (ask: Ask, more?: object): Promise<ClaudeAnswer> => {
    const command = new sdk.InvokeModelCommand(toInput(ask, more));
    const { body } = await toClient(createClient, ask).send(command, toOptions(ask));
    return JSON.parse(new TextDecoder().decode(body)) as ClaudeAnswer;
  };
  return {
    close,
    create: (ask) => invoke(ask),
    async stream(ask) {
      const command = new sdk.InvokeModelWithResponseStreamCommand(toInput(ask));
      const { body } = await toClient(createClient, ask).send(command, toOptions(ask));
      return toStream(body);
    },
    parse: (ask) => {
      const tool = { name: "city", description: "Takes a city", input_schema: CITY_SCHEMA };
      return invoke(ask, { tools: [tool], tool_choice: { type: "tool", name: tool.name } });
    },
    async respondRaw(ask) {
      const client = toClient(createClient, ask);
      const responses = watchResponses(client);
      const whole = await client.send(new sdk.InvokeModelCommand(toInput(ask)));
      const streamed = await client.send(new sdk.InvokeModelWithResponseStreamCommand(toInput(ask)));
      for await (const _event of streamed.body ?? []);
      return [whole, streamed.$metadata, streamed.contentType, responses];
    },
    async callTool(ask) {
      const { name, description, schema, result } = WEATHER_TOOL;
      const tools = [{ name, description, input_schema: schema }];
      const asked = await invoke(ask, { tools });
      const call = asked.content.find((block) => block.type === "tool_use");
      if (call === undefined) throw new Error("The model asked for no tool.");
      const answer = { type: "tool_result", tool_use_id: call.id, content: result };
      const messages = [
        { role: "user", content: ask.prompt },
        { role: "assistant", content: asked.content },
        { role: "user", content: [answer] },
      ];
      return [asked, await invoke(ask, { tools, messages })];
    },
  };
}

interface ClaudeAnswer {
  readonly content: readonly { readonly type: string; readonly id?: string }[];
}

const CITY_FORMAT = {
  outputConfig: {
    textFormat: {
      type: "json_schema" as const,
      structure: { jsonSchema: { name: "city", schema: JSON.stringify(CITY_SCHEMA) } },
    },
  },
};
const CITY_TOOL = {
  toolConfig: {
    tools: [{ toolSpec: { name: "city", inputSchema: { json: CITY_SCHEMA } } }],
    toolChoice: { tool: { name: "city" } },
  },
};

/** Keeps what is made, to be closed. */
function keepClients({ createClient }: Pick<BedrockSetup, "createClient">) {
  const clients: BedrockRuntimeClient[] = [];
  return {
    createClient: (maxAttempts: number): BedrockRuntimeClient => {
      const client = createClient(maxAttempts);
      clients.push(client);
      return client;
    },
    close: () => clients.forEach((client) => client.destroy()),
  };
}

function toStream(stream: AsyncIterable<unknown> | undefined): AsyncIterable<unknown> {
  if (stream === undefined) throw new Error("The SDK gave no stream.");
  return stream;
}

function toClient(createClient: BedrockSetup["createClient"], { maxRetries }: Ask): BedrockRuntimeClient {
  return createClient(maxRetries + 1);
}

function toOptions({ signal }: Ask): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** Status and headers of the client's responses, as a middleware of the app sees them. */
function watchResponses(client: BedrockRuntimeClient): unknown[] {
  const seen: unknown[] = [];
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { statusCode, headers } = result.response as { statusCode?: number; headers?: object };
      seen.push({ statusCode, headers });
      return result;
    },
    { step: "deserialize", priority: "low" },
  );
  return seen;
}
