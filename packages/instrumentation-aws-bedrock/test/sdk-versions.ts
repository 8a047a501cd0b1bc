import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import {
  BedrockRuntimeClient as OldestBedrockRuntimeClient,
  ConverseCommand as OldestConverseCommand,
  ConverseStreamCommand as OldestConverseStreamCommand,
  InvokeModelCommand as OldestInvokeModelCommand,
  InvokeModelWithResponseStreamCommand as OldestInvokeModelWithResponseStreamCommand,
} from "client-bedrock-runtime-oldest";

const NEWEST = {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
};

/** What the tests use of the AWS SDK. */
export type BedrockSdk = typeof NEWEST;

/** The same commands; newer members of requests and answers pass through it. */
const OLDEST = {
  BedrockRuntimeClient: OldestBedrockRuntimeClient,
  ConverseCommand: OldestConverseCommand,
  ConverseStreamCommand: OldestConverseStreamCommand,
  InvokeModelCommand: OldestInvokeModelCommand,
  InvokeModelWithResponseStreamCommand: OldestInvokeModelWithResponseStreamCommand,
};

/** The oldest version that has Converse, over HTTP/1.1, and the newest, over HTTP/2. */
export const SDK_VERSIONS: readonly { alias: string; sdk: BedrockSdk; transport: "node:https" | "node:http2" }[] = [
  { alias: "client-bedrock-runtime-oldest", sdk: OLDEST as unknown as BedrockSdk, transport: "node:https" },
  { alias: "@aws-sdk/client-bedrock-runtime", sdk: NEWEST, transport: "node:http2" },
];
