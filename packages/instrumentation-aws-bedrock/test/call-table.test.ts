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
import { describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import type { Transport } from "../../instrumentation/test/call-table/expected-outcomes.ts";
import type { CallTableRow } from "../../instrumentation/test/call-table/expected-rows.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { AwsBedrockInstrumentation } from "../src/index.ts";
import { type BedrockSetup, createConverseAdapter, createInvokeAdapter } from "./call-table-adapter.ts";

const NEWEST = {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
};
// The parts that the table uses are the same in both versions.
const OLDEST = {
  BedrockRuntimeClient: OldestBedrockRuntimeClient,
  ConverseCommand: OldestConverseCommand,
  ConverseStreamCommand: OldestConverseStreamCommand,
  InvokeModelCommand: OldestInvokeModelCommand,
  InvokeModelWithResponseStreamCommand: OldestInvokeModelWithResponseStreamCommand,
} as unknown as typeof NEWEST;
const CREDENTIALS = { accessKeyId: "AKIATEST", secretAccessKey: "secret" };

function toRows(alias: string, sdk: typeof NEWEST, transport: Transport, hasOutputConfig: boolean): CallTableRow[] {
  const shared = {
    sdk: "@aws-sdk/client-bedrock-runtime",
    version: readInstalledVersion(import.meta.url, alias),
    model: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    transport,
    unreadStream: "is read ahead",
    leftStream: "is read on",
    leavesZerosOut: false,
    reports: ["cacheRead", "cacheWrite"],
  } as const;
  const toSetup = (endpoint: string, model: string): BedrockSetup => ({
    sdk,
    model,
    hasOutputConfig,
    createClient: (maxAttempts) =>
      new sdk.BedrockRuntimeClient({ region: "eu-west-1", credentials: CREDENTIALS, endpoint, maxAttempts }),
  });
  return [
    {
      ...shared,
      api: "Converse",
      usageArrives: "at the end",
      createAdapter: (baseUrl, model) => createConverseAdapter(toSetup(baseUrl, model)),
    },
    {
      ...shared,
      api: "InvokeModel",
      usageArrives: "input first",
      createAdapter: (baseUrl, model) => createInvokeAdapter(toSetup(baseUrl, model)),
    },
  ];
}

describeCallTable({
  rows: [
    ...toRows("client-bedrock-runtime-oldest", OLDEST, "node:http", false),
    ...toRows("@aws-sdk/client-bedrock-runtime", NEWEST, "node:http2", true),
  ],
  readme: new URL("../README.md", import.meta.url),
  basePath: "/bedrock-api",
  createInstrumentation: (options) => new AwsBedrockInstrumentation(options),
});
