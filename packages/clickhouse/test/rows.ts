import { UNKNOWN_USAGE } from "@spancost/core";
import type { CallRow, SpanRow } from "../src/index.ts";

const START = 1_780_000_000_123_456_789n;

/** A ledger row with everything filled in; tests change what they are about. */
export function callRow(changes: Partial<CallRow> = {}): CallRow {
  return {
    tenantId: "acme",
    hourUnix: 1_779_998_400,
    traceId: new Uint8Array(16).fill(0xab),
    spanId: new Uint8Array(8).fill(0xcd),
    parentSpanId: new Uint8Array(8),
    startTimeUnixNano: START,
    durationNano: 1_500_000_000n,
    userId: "ünï 'quoted' \\ \n\n user",
    feature: "chat",
    task: "",
    taskId: "",
    sessionId: "",
    service: "api",
    environment: "test",
    labels: [["plan", "pro"]],
    provider: "openai",
    model: "gpt-5-mini",
    providerReported: "openai",
    providerAccount: "",
    modelRequested: "gpt-5-mini",
    modelReported: "gpt-5-mini-2025-08-07",
    operation: "chat",
    serviceTier: "",
    inferenceRegion: "",
    attempt: 0,
    streamed: false,
    isError: false,
    errorType: "",
    responseId: "chatcmpl-1",
    usage: { ...UNKNOWN_USAGE, input: 1000, cacheRead: 400, output: 50, reasoning: 0, audioSeconds: "12.5" },
    usageIsLowerBound: false,
    listCostPicoUsd: 260_000_000n,
    costPicoUsd: 250_000_000n,
    costStatus: "priced",
    costReason: "",
    costKind: "llm",
    rateVersion: "test-1",
    dialect: "spancost",
    scopeName: "scope",
    scopeVersion: "1",
    ...changes,
  };
}

/** A span row with an event and a link. */
export function spanRow(changes: Partial<SpanRow> = {}): SpanRow {
  return {
    startTimeUnixNano: START,
    durationNano: 5n,
    traceId: "ab".repeat(16),
    spanId: "cd".repeat(8),
    parentSpanId: "",
    traceState: "",
    name: "chat gpt-5-mini",
    kind: "Client",
    serviceName: "api",
    resourceAttributes: [["service.name", "api"]],
    scopeName: "scope",
    scopeVersion: "1",
    attributes: [
      ["gen_ai.request.model", "gpt-5-mini"],
      ["empty", ""],
    ],
    statusCode: "Unset",
    statusMessage: "",
    events: [{ timeUnixNano: START, name: "exception", attributes: [["exception.type", "E"]] }],
    links: [{ traceId: "ef".repeat(16), spanId: "01".repeat(8), traceState: "", attributes: [] }],
    ...changes,
  };
}
