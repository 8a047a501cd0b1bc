import Groq1 from "groq-sdk";
import Groq0 from "groq-sdk-0.37";
import { describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import type { CallTableRow } from "../../instrumentation/test/call-table/expected-rows.ts";
import type { Transport } from "../../instrumentation/test/call-table/expected-outcomes.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { GroqInstrumentation } from "../src/index.ts";
import { createChatAdapter } from "./call-table-adapter.ts";

function toRow(alias: string, Groq: unknown, transport: Transport): CallTableRow {
  // The parts of the class that the table uses are the same in all versions.
  const Client = Groq as typeof Groq1;
  return {
    sdk: "groq-sdk",
    version: readInstalledVersion(import.meta.url, alias),
    api: "chat completions",
    model: "openai/gpt-oss-120b",
    usageArrives: "at the end",
    transport,
    unreadStream: transport === "node-fetch" ? "is read ahead" : "stays unread",
    leftStream: "is cancelled",
    leavesZerosOut: true,
    reports: ["cacheRead", "reasoning"],
    createAdapter: (baseURL, model) => createChatAdapter(new Client({ apiKey: "test", baseURL }), model),
  };
}

describeCallTable({
  rows: [toRow("groq-sdk-0.37", Groq0, "node-fetch"), toRow("groq-sdk", Groq1, "fetch")],
  readme: new URL("../README.md", import.meta.url),
  basePath: "/groq-api",
  createInstrumentation: (options) => new GroqInstrumentation(options),
});
