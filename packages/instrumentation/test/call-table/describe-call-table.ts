import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { TracerProvider } from "@opentelemetry/api";
import { type BilledCall, type BilledUsage, type Simulator, startSimulator } from "../../../simulator/src/index.ts";
import { priceRequest } from "../../../rates/src/index.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ABSENT_CELLS } from "./absent-cells.ts";
import { callInWay } from "./call-in-way.ts";
import {
  describeOutcome,
  endsWhenCollected,
  type ExpectedCall,
  expectOutcomes,
  type WireTraits,
} from "./expected-outcomes.ts";
import { type Ledger, type LedgerCall, startLedger } from "./ledger.ts";
import type { SdkAdapter } from "./sdk-adapter.ts";
import { toMarkers, type WayOfCalling, WAYS_OF_CALLING } from "./ways-of-calling.ts";

/** One API of one SDK at one version. */
export interface CallTableRow extends WireTraits {
  /** Such as `openai 7.55.0, responses`. */
  readonly name: string;
  /** The model that is asked for. */
  readonly model: string;
  /** Parts of input and output that the provider's wire reports; the ledger has no others. */
  readonly reports: readonly UsagePart[];
  /** Whether the wire says nothing of a part that is zero; then it is unknown. */
  readonly leavesZerosOut: boolean;
  /** `baseUrl`: of the simulator, with the provider's prefix. */
  createAdapter(baseUrl: string, model: string): SdkAdapter;
}

type UsagePart = "cacheRead" | "cacheWrite" | "reasoning";

/** What the rows of a table share. */
export interface CallTable {
  readonly rows: readonly CallTableRow[];
  /** Where the provider's SDKs send their calls in the simulator, such as `/openai-api/v1`. */
  readonly basePath: string;
  createInstrumentation(options: { enabled: false; baseUrls: string[] }): SwitchableInstrumentation;
}

interface SwitchableInstrumentation {
  enable(): void;
  disable(): void;
  setTracerProvider(tracerProvider: TracerProvider): void;
}

const FEATURE = "call-table";

/**
 * Calls in eleven ways, without and with the instrumentation: the app must see the same, and the ledger must have each attempt
 * once, with what the provider billed for it.
 */
export function describeCallTable(table: CallTable): void {
  let ledger: Ledger;
  // Alike to the last figure: the same calls get the same answers.
  let reference: Simulator;
  let simulator: Simulator;
  let instrumentation: SwitchableInstrumentation;
  const counted = { calls: 0 };

  beforeAll(async () => {
    setFlagsFromString("--expose-gc");
    [ledger, reference, simulator] = await Promise.all([startLedger(), startSimulator(), startSimulator()]);
    const baseUrls = [reference, simulator].map(({ url }) => url + table.basePath);
    instrumentation = table.createInstrumentation({ enabled: false, baseUrls });
    instrumentation.setTracerProvider(ledger.tracerProvider);
  });

  afterAll(async () => {
    instrumentation?.disable();
    await Promise.all([ledger?.stop(), reference?.close(), simulator?.close()]);
  });

  describe.each(table.rows)("$name", (row) => {
    const absent = ABSENT_CELLS[row.name] ?? {};
    it.each(WAYS_OF_CALLING.filter((way) => way in absent).map((way) => ({ way, reason: absent[way] })))(
      `${row.name} has no $way: $reason`,
      async ({ way, reason }) => {
        const view = await callInWay(way, row.createAdapter(reference.url + table.basePath, row.model), "Hello.");
        expect(view.error).toMatchObject({ message: reason });
      },
    );

    const present = WAYS_OF_CALLING.filter((way) => !(way in absent));
    it.each(present.map((way) => ({ way, sentence: describeOutcome(way, row) })))(
      `${row.name}: $sentence`,
      async ({ way }) => {
        const spansBefore = ledger.callSpans().length;
        const key = `${row.name}-${way}`.replaceAll(/[^\w.-]+/g, "_");
        const prompt = `Tell me about Oslo. ${toMarkers(way, key)}`;
        const without = await callInWay(way, row.createAdapter(reference.url + table.basePath, row.model), prompt);
        expect(ledger.callSpans()).toHaveLength(spansBefore);

        const billedBefore = simulator.journal().length;
        instrumentation.enable();
        const attribution = { tenantId: row.name, userId: way, feature: FEATURE };
        const { traceId, value } = await ledger.handleRequest(attribution, () =>
          callInWay(way, row.createAdapter(simulator.url + table.basePath, row.model), prompt),
        );
        const expected = expectOutcomes(way, row);
        const calls = await ledger.callsOf(
          traceId,
          expected.length,
          endsWhenCollected(way, row) ? collectGarbage : () => {},
        );
        instrumentation.disable();

        expect(value).toEqual(without);
        const billed = simulator.journal().slice(billedBefore);
        expect(calls).toEqual(toExpectedRows({ row, way, expected, billed }));
        expect(ledger.complaints()).toEqual([]);
        counted.calls += expected.length;
      },
    );
  });

  it("counts no call but those of the table", async () => {
    expect(ledger.callSpans()).toHaveLength(counted.calls);
    const rows = await ledger.sql("SELECT toUInt32(count()) AS calls FROM calls");
    expect(rows).toEqual([{ calls: counted.calls }]);
  });
}

interface Cell {
  readonly row: CallTableRow;
  readonly way: WayOfCalling;
  readonly expected: readonly ExpectedCall[];
  /** What the provider billed for the cell, in order; refused attempts are not there. */
  readonly billed: readonly BilledCall[];
}

function toExpectedRows({ row, way, expected, billed }: Cell): LedgerCall[] {
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
      tenant_id: row.name,
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
function toCost({ provider, model, usage }: BilledCall): string {
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

function collectGarbage(): void {
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}
