import OpenAI7 from "openai";
import OpenAI4 from "openai-4";
import OpenAI5 from "openai-5";
import OpenAI6 from "openai-6";
import { describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import type { CallTableRow } from "../../instrumentation/test/call-table/expected-rows.ts";
import type { UnreadStream } from "../../instrumentation/test/call-table/expected-outcomes.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { OpenAIInstrumentation } from "../src/index.ts";
import { createChatAdapter, createResponsesAdapter } from "./call-table-adapter.ts";

function toRows(alias: string, OpenAI: unknown, unreadStream: UnreadStream): CallTableRow[] {
  // The parts of the class that the table uses are the same in all versions.
  const Client = OpenAI as typeof OpenAI7;
  const name = `openai ${readInstalledVersion(import.meta.url, alias)}`;
  const shared = {
    model: "gpt-5-mini",
    usageArrives: "at the end",
    unreadStream,
    leftStream: "is cancelled",
    leavesZerosOut: false,
    reports: ["cacheRead", "reasoning"],
  } as const;
  const createClient = (baseURL: string) => new Client({ apiKey: "test", baseURL });
  return [
    {
      ...shared,
      name: `${name}, chat`,
      createAdapter: (baseUrl, model) => createChatAdapter(createClient(baseUrl), model),
    },
    {
      ...shared,
      name: `${name}, responses`,
      createAdapter: (baseUrl, model) => createResponsesAdapter(createClient(baseUrl), model),
    },
  ];
}

describeCallTable({
  rows: [
    // Over node-fetch, which reads ahead; the others over the platform's fetch.
    ...toRows("openai-4", OpenAI4, "is read ahead"),
    ...toRows("openai-5", OpenAI5, "stays unread"),
    ...toRows("openai-6", OpenAI6, "stays unread"),
    ...toRows("openai", OpenAI7, "stays unread"),
  ],
  basePath: "/openai-api/v1",
  createInstrumentation: (options) => new OpenAIInstrumentation(options),
});
