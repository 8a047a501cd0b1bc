import Anthropic1 from "@anthropic-ai/sdk";
import Anthropic0Fetch from "anthropic-sdk-0.137";
import { type CallTableRow, describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { AnthropicInstrumentation } from "../src/index.ts";
import { createMessagesAdapter } from "./call-table-adapter.ts";

function toRow(alias: string, Anthropic: unknown): CallTableRow {
  // The parts of the class that the table uses are the same in all versions.
  const Client = Anthropic as typeof Anthropic1;
  return {
    name: `@anthropic-ai/sdk ${readInstalledVersion(import.meta.url, alias)}`,
    model: "claude-haiku-4-5",
    usageArrives: "input first",
    unreadStream: "stays unread",
    leftStream: "is cancelled",
    leavesZerosOut: false,
    reports: ["cacheRead", "cacheWrite"],
    createAdapter: (baseURL, model) => createMessagesAdapter(new Client({ apiKey: "test", baseURL }), model),
  };
}

describeCallTable({
  rows: [toRow("anthropic-sdk-0.137", Anthropic0Fetch), toRow("@anthropic-ai/sdk", Anthropic1)],
  basePath: "/anthropic-api",
  createInstrumentation: (options) => new AnthropicInstrumentation(options),
});
