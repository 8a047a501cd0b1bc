import OpenAI7 from "openai";
import OpenAI4 from "openai-4";
import OpenAI5 from "openai-5";
import OpenAI6 from "openai-6";
import { describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import type { CallTableRow } from "../../instrumentation/test/call-table/expected-rows.ts";
import type { Transport } from "../../instrumentation/test/call-table/expected-outcomes.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { OpenAIInstrumentation } from "../src/index.ts";
import { createChatAdapter, createResponsesAdapter } from "./call-table-adapter.ts";

function toRows(alias: string, OpenAI: unknown, transport: Transport): CallTableRow[] {
  // The parts of the class that the table uses are the same in all versions.
  const Client = OpenAI as typeof OpenAI7;
  const shared = {
    sdk: "openai",
    version: readInstalledVersion(import.meta.url, alias),
    model: "gpt-5-mini",
    usageArrives: "at the end",
    transport,
    unreadStream: transport === "node-fetch" ? "is read ahead" : "stays unread",
    leftStream: "is cancelled",
    leavesZerosOut: false,
    reports: ["cacheRead", "reasoning"],
  } as const;
  const createClient = (baseURL: string) => new Client({ apiKey: "test", baseURL });
  return [
    {
      ...shared,
      api: "chat completions",
      usageIsWishedFor: true,
      createAdapter: (baseUrl, model) => createChatAdapter(createClient(baseUrl), model),
    },
    {
      ...shared,
      api: "responses",
      createAdapter: (baseUrl, model) => createResponsesAdapter(createClient(baseUrl), model),
    },
  ];
}

describeCallTable({
  rows: [
    ...toRows("openai-4", OpenAI4, "node-fetch"),
    ...toRows("openai-5", OpenAI5, "fetch"),
    ...toRows("openai-6", OpenAI6, "fetch"),
    ...toRows("openai", OpenAI7, "fetch"),
  ],
  readme: new URL("../README.md", import.meta.url),
  basePath: "/openai-api/v1",
  createInstrumentation: (options) => new OpenAIInstrumentation({ ...options, includeUsage: "always" }),
});
