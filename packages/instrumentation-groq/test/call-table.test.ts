import Groq1 from "groq-sdk";
import Groq0 from "groq-sdk-0.37";
import { describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import type { CallTableRow } from "../../instrumentation/test/call-table/expected-rows.ts";
import type { UnreadStream } from "../../instrumentation/test/call-table/expected-outcomes.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { GroqInstrumentation } from "../src/index.ts";
import { createChatAdapter } from "./call-table-adapter.ts";

function toRow(alias: string, Groq: unknown, unreadStream: UnreadStream): CallTableRow {
  // The parts of the class that the table uses are the same in all versions.
  const Client = Groq as typeof Groq1;
  return {
    name: `groq-sdk ${readInstalledVersion(import.meta.url, alias)}`,
    model: "openai/gpt-oss-120b",
    usageArrives: "at the end",
    unreadStream,
    leftStream: "is cancelled",
    leavesZerosOut: true,
    reports: ["cacheRead", "reasoning"],
    createAdapter: (baseURL, model) => createChatAdapter(new Client({ apiKey: "test", baseURL }), model),
  };
}

describeCallTable({
  rows: [
    // Over node-fetch, which reads ahead; the others over the platform's fetch.
    toRow("groq-sdk-0.37", Groq0, "is read ahead"),
    toRow("groq-sdk", Groq1, "stays unread"),
  ],
  basePath: "/groq-api",
  createInstrumentation: (options) => new GroqInstrumentation(options),
});
