import Anthropic1 from "@anthropic-ai/sdk";
import Anthropic0 from "anthropic-sdk-0.20";
import Anthropic0Fetch from "anthropic-sdk-0.137";
import { describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import type { CallTableRow } from "../../instrumentation/test/call-table/expected-rows.ts";
import type { Transport } from "../../instrumentation/test/call-table/expected-outcomes.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { AnthropicInstrumentation } from "../src/index.ts";
import { createMessagesAdapter } from "./call-table-adapter.ts";

function toRow(alias: string, Anthropic: unknown, transport: Transport): CallTableRow {
  // The parts of the class that the table uses are the same in all versions.
  const Client = Anthropic as typeof Anthropic1;
  return {
    sdk: "@anthropic-ai/sdk",
    version: readInstalledVersion(import.meta.url, alias),
    api: "messages",
    model: "claude-haiku-4-5",
    usageArrives: "input first",
    transport,
    unreadStream: transport === "node-fetch" ? "is read ahead" : "stays unread",
    leftStream: "is cancelled",
    leavesZerosOut: false,
    reports: ["cacheRead", "cacheWrite"],
    createAdapter: (baseURL, model) => createMessagesAdapter(new Client({ apiKey: "test", baseURL }), model),
  };
}

describeCallTable({
  rows: [
    toRow("anthropic-sdk-0.20", Anthropic0, "node-fetch"),
    toRow("anthropic-sdk-0.137", Anthropic0Fetch, "fetch"),
    toRow("@anthropic-ai/sdk", Anthropic1, "fetch"),
  ],
  readme: new URL("../README.md", import.meta.url),
  basePath: "/anthropic-api",
  createInstrumentation: (options) => new AnthropicInstrumentation(options),
});
