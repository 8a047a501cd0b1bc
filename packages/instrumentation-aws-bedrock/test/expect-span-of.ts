import { expect } from "vitest";
import { readSpan } from "../../core/src/index.ts";
import { priceCall } from "../../rates/src/index.ts";
import type { recordSpans } from "../../instrumentation/test/scripted-provider.ts";
import type { BilledUsage } from "../../simulator/src/index.ts";

/** USD for a million tokens. */
export interface Prices {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite5m?: number;
  readonly cacheWrite1h?: number;
}

/** @see https://aws.amazon.com/bedrock/pricing read 2026-11-20; profiles of a region cost a tenth more than the global one */
export const SONNET_IN_EUROPE: Prices = {
  input: 3.3,
  output: 16.5,
  cacheRead: 0.33,
  cacheWrite5m: 4.125,
  cacheWrite1h: 6.6,
};
export const NOVA_LITE: Prices = { input: 0.06, output: 0.24, cacheRead: 0.015 };
export const TITAN_EMBEDDINGS: Prices = { input: 0.02, output: 0 };

type FinishedSpan = ReturnType<ReturnType<typeof recordSpans>["finished"]>[number];

const CALLED_AT_MS = Date.UTC(2026, 10, 20);
/** A millionth of a USD. */
const PICO_USD = 1_000_000;

/** The span, read and priced as the ledger does it, has what was billed, and costs that to the last digit. */
export function expectSpanOf(billed: BilledUsage, span: FinishedSpan, prices: Prices): void {
  const reading = readSpan({
    name: span.name,
    scopeName: span.instrumentationScope.name,
    scopeVersion: span.instrumentationScope.version ?? "",
    statusCode: 0,
    attributes: span.attributes,
    resourceAttributes: {},
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
  });
  if (reading === null) expect.fail("The span is no call.");
  const { input, output, cacheRead, cacheWrite5m, cacheWrite1h } = reading.usage;
  expect({ input, output, cacheRead: cacheRead ?? 0, written: (cacheWrite5m ?? 0) + (cacheWrite1h ?? 0) }).toEqual({
    input: billed.input,
    output: billed.output,
    cacheRead: billed.cacheRead,
    written: billed.cacheWrite5m + billed.cacheWrite1h,
  });
  const costPicoUsd = toPicoUsd(billed, prices);
  expect(priceCall(reading, CALLED_AT_MS)).toMatchObject({ outcome: "priced", inferred: false, costPicoUsd });
}

function toPicoUsd(usage: BilledUsage, prices: Prices): bigint {
  const fresh = usage.input - usage.cacheRead - usage.cacheWrite5m - usage.cacheWrite1h;
  const { input, output, cacheRead = input, cacheWrite5m = input, cacheWrite1h = input } = prices;
  const parts = [
    [fresh, input],
    [usage.cacheRead, cacheRead],
    [usage.cacheWrite5m, cacheWrite5m],
    [usage.cacheWrite1h, cacheWrite1h],
    [usage.output, output],
  ] as const;
  return parts.reduce((sum, [count, usd]) => sum + BigInt(count) * BigInt(Math.round(usd * PICO_USD)), 0n);
}
