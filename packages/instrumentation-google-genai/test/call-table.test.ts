import { GoogleGenAI as GoogleGenAI3 } from "@google/genai";
import { GoogleGenAI as GoogleGenAI1 } from "google-genai-1";
import { GoogleGenAI as GoogleGenAI2 } from "google-genai-2";
import { describeCallTable } from "../../instrumentation/test/call-table/describe-call-table.ts";
import type { CallTableRow } from "../../instrumentation/test/call-table/expected-rows.ts";
import { readInstalledVersion } from "../../instrumentation/test/call-table/installed-version.ts";
import { GoogleGenAIInstrumentation } from "../src/index.ts";
import { createModelsAdapter } from "./call-table-adapter.ts";

function toRow(alias: string, GoogleGenAI: unknown): CallTableRow {
  // The parts of the class that the table uses are the same in all versions.
  const Client = GoogleGenAI as typeof GoogleGenAI3;
  const version = readInstalledVersion(import.meta.url, alias);
  return {
    sdk: "@google/genai",
    version,
    api: "models",
    model: "gemini-2.5-flash",
    usageArrives: "so far in each chunk",
    transport: "fetch",
    unreadStream: "stays unread",
    leftStream: "is let go of",
    leavesZerosOut: true,
    reports: ["cacheRead", "reasoning"],
    createAdapter: (baseUrl, model) =>
      createModelsAdapter(
        (attempts) =>
          new Client({ apiKey: "test", httpOptions: { baseUrl, retryOptions: { attempts, initialDelay: 0.01 } } }),
        model,
        !version.startsWith("1."),
      ),
  };
}

describeCallTable({
  rows: [
    toRow("google-genai-1", GoogleGenAI1),
    toRow("google-genai-2", GoogleGenAI2),
    toRow("@google/genai", GoogleGenAI3),
  ],
  readme: new URL("../README.md", import.meta.url),
  basePath: "/google-api",
  createInstrumentation: (options) => new GoogleGenAIInstrumentation(options),
});
