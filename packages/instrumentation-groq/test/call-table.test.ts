import Groq1 from "groq-sdk";
import { type CallTableRow, describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { GroqInstrumentation } from "../src/index.ts";
import { createChatAdapter } from "./call-table-adapter.ts";

function toRow(alias: string, Groq: unknown): CallTableRow {
  // The parts of the class that the table uses are the same in all versions.
  const Client = Groq as typeof Groq1;
  return {
    name: `groq-sdk ${readInstalledVersion(import.meta.url, alias)}`,
    model: "openai/gpt-oss-120b",
    usageArrives: "at the end",
    unreadStream: "stays unread",
    leftStream: "is cancelled",
    leavesZerosOut: true,
    reports: ["cacheRead", "reasoning"],
    createAdapter: (baseURL, model) => createChatAdapter(new Client({ apiKey: "test", baseURL }), model),
  };
}

describeCallTable({
  rows: [toRow("groq-sdk", Groq1)],
  basePath: "/groq-api",
  createInstrumentation: (options) => new GroqInstrumentation(options),
});
