import { parseDecimal, SECONDS_SCALE, type Usage } from "@spancost/core";
import {
  BOOL,
  DATE_TIME,
  DATE_TIME_64,
  DECIMAL_18_9,
  DECIMAL_38_12,
  fixedString,
  nullable,
  STRING,
  STRING_MAP,
  UINT32,
  UINT64,
} from "../native/column-types.ts";
import { column, type TableLayout } from "../native/table-layout.ts";
import type { TextEntries } from "./span-row.ts";

/** How the cost of a call came about, or why there is none. */
export type CostStatus = "priced" | "inferred" | "provided" | "unpriced" | "unknown_usage" | "not_billed" | "rejected";

/** One version of one call, as a row of the ledger. */
export interface CallRow {
  /** Attribution as the span itself has it; what settlement inherits goes into a later version. */
  readonly tenantId: string;
  /** Start of the call's hour in seconds since 1970, a function of `startTimeUnixNano`. */
  readonly hourUnix: number;
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes. */
  readonly spanId: Uint8Array;
  /** 8 bytes, all zero for a root. */
  readonly parentSpanId: Uint8Array;
  readonly startTimeUnixNano: bigint;
  readonly durationNano: bigint;
  readonly userId: string;
  readonly feature: string;
  readonly task: string;
  readonly taskId: string;
  readonly sessionId: string;
  readonly service: string;
  readonly environment: string;
  readonly labels: TextEntries;
  readonly provider: string;
  readonly model: string;
  /** As the span names it; `provider` is the price list's name. */
  readonly providerReported: string;
  readonly providerAccount: string;
  readonly modelRequested: string;
  readonly modelReported: string;
  readonly operation: string;
  readonly serviceTier: string;
  readonly inferenceRegion: string;
  readonly attempt: number;
  readonly streamed: boolean;
  readonly isError: boolean;
  readonly errorType: string;
  readonly responseId: string;
  readonly usage: Usage;
  readonly usageIsLowerBound: boolean;
  readonly listCostPicoUsd: bigint | null;
  readonly costPicoUsd: bigint | null;
  readonly costStatus: CostStatus;
  /** Why there is no cost, or "". */
  readonly costReason: string;
  readonly costKind: string;
  readonly rateVersion: string;
  readonly dialect: string;
  readonly scopeName: string;
  readonly scopeVersion: string;
}

const COUNT = nullable(UINT64);
const MONEY = nullable(DECIMAL_38_12);
const SECONDS = nullable(DECIMAL_18_9);

function usageColumn(name: string, bucket: Exclude<keyof Usage, "videoSeconds" | "audioSeconds">) {
  return column(name, COUNT, (row: CallRow) => toCount(row.usage[bucket]));
}

/** Impossible counts (negative, fractional, too large) cannot be stored; the call is `rejected`, and its span keeps what was sent. */
function toCount(count: number | null): bigint | null {
  return count !== null && Number.isSafeInteger(count) && count >= 0 ? BigInt(count) : null;
}

function toSeconds(seconds: string | null): bigint | null {
  return seconds === null ? null : parseDecimal(seconds, SECONDS_SCALE);
}

/** @see docs/sql.md, which says what each column means. */
export const CALL_LAYOUT: TableLayout<CallRow> = {
  table: "spancost.llm_calls",
  columns: [
    column("tenant_id", STRING, (row) => row.tenantId),
    column("hour", DATE_TIME, (row) => row.hourUnix),
    column("trace_id", fixedString(16), (row) => row.traceId),
    column("span_id", fixedString(8), (row) => row.spanId),
    column("parent_span_id", fixedString(8), (row) => row.parentSpanId),
    column("started_at", DATE_TIME_64, (row) => row.startTimeUnixNano),
    column("duration_ns", UINT64, (row) => row.durationNano),
    column("user_id", STRING, (row) => row.userId),
    column("feature", STRING, (row) => row.feature),
    column("task", STRING, (row) => row.task),
    column("task_id", STRING, (row) => row.taskId),
    column("session_id", STRING, (row) => row.sessionId),
    column("service", STRING, (row) => row.service),
    column("environment", STRING, (row) => row.environment),
    column("labels", STRING_MAP, (row) => row.labels),
    column("provider", STRING, (row) => row.provider),
    column("model", STRING, (row) => row.model),
    column("provider_reported", STRING, (row) => row.providerReported),
    column("provider_account", STRING, (row) => row.providerAccount),
    column("model_requested", STRING, (row) => row.modelRequested),
    column("model_reported", STRING, (row) => row.modelReported),
    column("operation", STRING, (row) => row.operation),
    column("service_tier", STRING, (row) => row.serviceTier),
    column("inference_region", STRING, (row) => row.inferenceRegion),
    column("attempt", UINT32, (row) => row.attempt),
    column("streamed", BOOL, (row) => row.streamed),
    column("is_error", BOOL, (row) => row.isError),
    column("error_type", STRING, (row) => row.errorType),
    column("response_id", STRING, (row) => row.responseId),
    usageColumn("input_tokens", "input"),
    usageColumn("cache_read_tokens", "cacheRead"),
    usageColumn("cache_write_5m_tokens", "cacheWrite5m"),
    usageColumn("cache_write_1h_tokens", "cacheWrite1h"),
    usageColumn("output_tokens", "output"),
    usageColumn("reasoning_tokens", "reasoning"),
    usageColumn("audio_input_tokens", "audioIn"),
    usageColumn("audio_output_tokens", "audioOut"),
    usageColumn("image_input_tokens", "imageIn"),
    usageColumn("image_output_tokens", "imageOut"),
    usageColumn("images", "images"),
    column("audio_seconds", SECONDS, (row) => toSeconds(row.usage.audioSeconds)),
    column("video_seconds", SECONDS, (row) => toSeconds(row.usage.videoSeconds)),
    usageColumn("characters", "characters"),
    usageColumn("web_search_requests", "webSearchRequests"),
    column("usage_is_lower_bound", BOOL, (row) => row.usageIsLowerBound),
    column("list_cost", MONEY, (row) => row.listCostPicoUsd),
    column("cost", MONEY, (row) => row.costPicoUsd),
    column("cost_status", STRING, (row) => row.costStatus),
    column("cost_reason", STRING, (row) => row.costReason),
    column("cost_kind", STRING, (row) => row.costKind),
    column("rate_version", STRING, (row) => row.rateVersion),
    column("dialect", STRING, (row) => row.dialect),
    column("scope_name", STRING, (row) => row.scopeName),
    column("scope_version", STRING, (row) => row.scopeVersion),
    column("own_tenant_id", STRING, (row) => row.tenantId),
    column("own_user_id", STRING, (row) => row.userId),
    column("own_feature", STRING, (row) => row.feature),
    column("own_task", STRING, (row) => row.task),
    column("own_task_id", STRING, (row) => row.taskId),
    // Ingest writes version 0, so that a redelivery undoes nothing that maintenance did.
    column("version", UINT64, () => 0n),
  ],
};
