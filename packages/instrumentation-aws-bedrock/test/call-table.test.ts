import { describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import type { Transport } from "../../instrumentation/test/call-table/expected-outcomes.ts";
import type { CallTableRow } from "../../instrumentation/test/call-table/expected-rows.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { AwsBedrockInstrumentation } from "../src/index.ts";
import { type BedrockSetup, createConverseAdapter, createInvokeAdapter } from "./call-table-adapter.ts";
import { type BedrockSdk, SDK_VERSIONS } from "./sdk-versions.ts";

/** Of a simulator without TLS. */
const TRANSPORTS = { "node:https": "node:http", "node:http2": "node:http2" } as const;
const CREDENTIALS = { accessKeyId: "AKIATEST", secretAccessKey: "secret" };

function toRows(alias: string, sdk: BedrockSdk, transport: Transport, hasOutputConfig: boolean): CallTableRow[] {
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
  rows: SDK_VERSIONS.flatMap(({ alias, sdk, transport }) =>
    toRows(alias, sdk, TRANSPORTS[transport], transport === "node:http2"),
  ),
  readme: new URL("../README.md", import.meta.url),
  basePath: "/bedrock-api",
  createInstrumentation: (options) => new AwsBedrockInstrumentation(options),
});
