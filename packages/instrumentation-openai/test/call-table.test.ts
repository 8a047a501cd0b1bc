import OpenAI7 from "openai";

import type { CallTableRow } from "../../instrumentation/test/call-table/describe-call-table.ts";
import { describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { OpenAIInstrumentation } from "../src/index.ts";
import { createChatAdapter, createResponsesAdapter } from "./call-table-adapter.ts";

const MODEL = "gpt-5-mini";

function toRows(OpenAI: typeof OpenAI7, version: string): CallTableRow[] {
  const shared = {
    model: MODEL,
    usageArrives: "at the end",
    unreadStream: "stays unread",
    leftStream: "is cancelled",
    leavesZerosOut: false,
    reports: ["cacheRead", "reasoning"],
  } as const;
  const createClient = (baseURL: string) => new OpenAI({ apiKey: "test", baseURL });
  return [
    {
      ...shared,
      name: `openai ${version}, chat`,
      createAdapter: (baseUrl, model) => createChatAdapter(createClient(baseUrl), model),
    },
    {
      ...shared,
      name: `openai ${version}, responses`,
      createAdapter: (baseUrl, model) => createResponsesAdapter(createClient(baseUrl), model),
    },
  ];
}

describeCallTable({
  rows: toRows(OpenAI7, readInstalledVersion(import.meta.url, "openai")),
  basePath: "/openai-api/v1",
  createInstrumentation: (options) => new OpenAIInstrumentation(options),
});
