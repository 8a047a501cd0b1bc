import { expect } from "vitest";
import { priceRequest } from "../../../rates/src/index.ts";
import type { BilledCall, BilledUsage } from "../../../simulator/src/index.ts";
import type { ExpectedCall, WireTraits } from "./expected-outcomes.ts";
import type { LedgerCall } from "./ledger.ts";
import type { SdkAdapter } from "./sdk-adapter.ts";
import type { WayOfCalling } from "./ways-of-calling.ts";

/** One API of one SDK at one version. */
export interface CallTableRow extends WireTraits {
  /** Its name on npm. */
  readonly sdk: string;
  readonly version: string;
  /** Which API of the SDK, as its package's README has it. */
  readonly api: string;
  /** The model that is asked for. */
  readonly model: string;
  /** Parts of input and output that the provider's wire reports; the ledger has no others. */
  readonly reports: readonly UsagePart[];
  /** Whether the wire says nothing of a part that is zero; then it is unknown. */
  readonly leavesZerosOut: boolean;
  /** Whether streams have usage only because the instrumentation asks for it. @default false */
  readonly usageIsWishedFor?: boolean;
  /** `baseUrl`: of the simulator, with the provider's prefix. */
  createAdapter(baseUrl: string, model: string): SdkAdapter;
}

type UsagePart = "cacheRead" | "cacheWrite" | "reasoning";

/** A row's name in sentences, such as `openai 7.55.0 responses`. */
export function toRowName({ sdk, version, api }: CallTableRow): string {
  return `${sdk} ${version} ${api}`;
}

/** What the app calls the feature that makes the table's calls. */
export const FEATURE = "call-table";

interface Cell {
  readonly row: CallTableRow;
  readonly way: WayOfCalling;
  readonly expected: readonly ExpectedCall[];
  /** What the provider billed for the cell, in order; refused attempts are not there. */
  readonly billed: readonly BilledCall[];
}

/** The rows of the ledger that a cell must have made. */
export function toExpectedRows({ row, way, expected, billed }: Cell): LedgerCall[] {
  const bills = billed.values();
  return expected.map((call) => {
    const bill = call.costStatus === "not_billed" ? undefined : bills.next().value;
    if (call.costStatus !== "not_billed" && bill === undefined) expect.fail(`${way}: the provider billed fewer calls`);
    return {
      attempt: call.attempt,
      cost_status: call.costStatus,
      status: call.status,
      streamed: bill?.streamed ?? false,
      ...toExpectedTokens(row, call, bill?.usage),
      cost: call.costStatus === "priced" && bill !== undefined ? toCost(bill) : null,
      tenant_id: toRowName(row),
      user_id: way,
      feature: FEATURE,
      model_requested: row.model,
      response_id: expect.any(String) as string,
    };
  });
}

type TokenColumns = Pick<
  LedgerCall,
  "input_tokens" | "cache_read_tokens" | "cache_write_tokens" | "output_tokens" | "reasoning_tokens"
>;

function toExpectedTokens(row: CallTableRow, { tokens }: ExpectedCall, usage?: BilledUsage): TokenColumns {
  const tell = (count: number | undefined, isTold: boolean): string | null =>
    count !== undefined && isTold ? String(count) : null;
  const tellPart = (part: UsagePart, count: number | undefined, isTold: boolean): string | null =>
    tell(count, isTold && row.reports.includes(part) && !(count === 0 && row.leavesZerosOut));
  const hasInput = tokens !== "none";
  const hasOutput = tokens === "all";
  const writes = usage === undefined ? undefined : usage.cacheWrite5m + usage.cacheWrite1h;
  return {
    input_tokens: tell(usage?.input, hasInput),
    cache_read_tokens: tellPart("cacheRead", usage?.cacheRead, hasInput),
    cache_write_tokens: tellPart("cacheWrite", writes, hasInput),
    output_tokens: tell(usage?.output, hasOutput),
    reasoning_tokens: tellPart("reasoning", usage?.reasoning, hasOutput),
  };
}

/** The exact price of what the provider billed, in USD, as ClickHouse writes decimals. */
export function toCost({ provider, model, usage }: BilledCall): string {
  const { usd } = priceRequest({
    provider,
    model,
    timestamp: new Date().toISOString(),
    usage: {
      input_total: usage.input,
      cache_read: usage.cacheRead,
      cache_write_5m: usage.cacheWrite5m,
      cache_write_1h: usage.cacheWrite1h,
      output: usage.output,
      reasoning: usage.reasoning,
    },
  });
  return (usd ?? "no price").replace(/\.?0+$/, "");
}
