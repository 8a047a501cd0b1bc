import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "@spancost/clickhouse";
import { SCRATCH_TENANT, tracePrefix } from "./create-traffic.ts";
import { queryHours, querySums, selectRows, toPicoUsd } from "./ledger.ts";
import { costOf, HOUSE, houseTokenPrices } from "./prices.ts";
import type { Tally } from "./tally.ts";
import type { ExpectedCall } from "./traffic.ts";
import { emptySums, type Sums, type Truth } from "./truth.ts";

/** What the ledger is held against. */
export interface Expectation {
  readonly truth: Truth;
  readonly tally: Tally;
  /** Which price the operator's model has. */
  readonly house: number;
}

const POLL_MS = 80;
const MAX_TOLD = 5;

/** Waits until the sums are the truth and everything is sealed, for at most a time; tells what is not. */
export async function checkSums(store: Store, { truth, tally, house }: Expectation, timeoutMs: number): Promise<void> {
  const expected = truth.sums(houseTokenPrices(house));
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const differences = await findDifferences(store, expected);
    if (differences.length === 0) return;
    if (performance.now() > deadline) {
      for (const { kind, message } of differences.slice(0, MAX_TOLD)) tally.violate(kind, message);
      return;
    }
    await sleep(POLL_MS);
  }
}

/** `spend` comes last: when no hour is pending, all of it is read from the roll-up. */
async function findDifferences(store: Store, expected: ReadonlyMap<string, Sums>): Promise<Difference[]> {
  try {
    const calls = compareSums("calls", expected, await querySums(store, "calls"));
    const { pending } = await queryHours(store);
    const unsealed = pending === 0 ? [] : [{ kind: "unsealed", message: `${pending} hours are still pending` }];
    return [...calls, ...unsealed, ...compareSums("spend", expected, await querySums(store, "spend"))];
  } catch (error) {
    return [{ kind: "unreadable", message: error instanceof Error ? error.message : String(error) }];
  }
}

interface Difference {
  readonly kind: string;
  readonly message: string;
}

function compareSums(
  view: string,
  expected: ReadonlyMap<string, Sums>,
  found: ReadonlyMap<string, Sums>,
): Difference[] {
  const keys = new Set([...expected.keys(), ...found.keys()]);
  return [...keys].flatMap((key) => {
    // What is erased has no truth but that it is gone, which is checked apart.
    if (key.startsWith(SCRATCH_TENANT)) return [];
    const [wanted, there] = [expected.get(key) ?? emptySums(), found.get(key) ?? emptySums()];
    const fields = (Object.keys(wanted) as (keyof Sums)[]).filter((field) => wanted[field] !== there[field]);
    if (fields.length === 0) return [];
    const details = fields.map((field) => `${field} is ${there[field]}, not ${wanted[field]}`).join(", ");
    return [{ kind: kindOf(wanted, there), message: `${view} of ${key}: ${details}` }];
  });
}

function kindOf(wanted: Sums, there: Sums): string {
  if (there.calls < wanted.calls) return "lost calls";
  return there.calls > wanted.calls ? "doubled calls" : "wrong figures";
}

type CallRow = [
  key: string,
  tenantId: string,
  userId: string,
  feature: string,
  provider: string,
  model: string,
  hourUnix: number,
  input: string | null,
  cacheRead: string | null,
  output: string | null,
  reasoning: string | null,
  cost: string | null,
  costStatus: string,
];

/** Holds every call of a round against what it must be, and every span against being there once. */
export async function checkRows(store: Store, round: number, expectation: Expectation): Promise<void> {
  const { truth, tally, house } = expectation;
  const made = truth.rounds.get(round);
  if (made === undefined) return;
  const expected = new Map(
    made.calls.flatMap((call) => (call.key === null ? [] : [[call.key, formatCall(call, house)]])),
  );
  const rows = await selectRows<CallRow>(
    store,
    `SELECT trace_id || ':' || span_id, tenant_id, user_id, feature, provider, model, toUnixTimestamp(hour), toString(input_tokens), toString(cache_read_tokens),
    toString(output_tokens), toString(reasoning_tokens), toString(cost), cost_status
FROM spancost.calls WHERE startsWith(trace_id, '${tracePrefix(round)}')`,
  );
  const seen = new Set<string>();
  for (const row of rows) {
    const [key] = row;
    const wanted = expected.get(key);
    const found = formatRow(row);
    if (wanted === undefined || seen.has(key)) tally.violate("doubled calls", `${key} counts, and must not: ${found}`);
    else if (wanted !== found) tally.violate("wrong figures", `${key} is ${found}, not ${wanted}`);
    seen.add(key);
  }
  for (const key of expected.keys()) if (!seen.has(key)) tally.violate("lost calls", `${key} of round ${round}`);
  await checkSpans(store, round, made.spans, tally);
}

async function checkSpans(store: Store, round: number, made: readonly string[], tally: Tally): Promise<void> {
  const rows = await selectRows<[string, string]>(
    store,
    `SELECT TraceId || ':' || SpanId AS key, toString(count()) FROM spancost.otel_traces FINAL WHERE startsWith(TraceId, '${tracePrefix(round)}') GROUP BY key`,
  );
  const counts = new Map(rows);
  for (const key of made) {
    const count = counts.get(key);
    if (count === undefined) tally.violate("lost spans", `${key} of round ${round} is not in otel_traces`);
    else if (count !== "1") tally.violate("doubled spans", `${key} of round ${round} is in otel_traces ${count} times`);
    counts.delete(key);
  }
  for (const key of counts.keys()) tally.violate("doubled spans", `${key} of round ${round} was never made`);
}

/** Nothing of damaged bodies, and nothing of what was erased, may be anywhere. */
export async function checkAbsent(store: Store, tally: Tally): Promise<void> {
  const erased = `startsWith(tenant_id, '${SCRATCH_TENANT}')`;
  for (const [table, where] of [
    ["spend", erased],
    ["llm_calls", erased],
    ["llm_calls_history", erased],
    ["spend_hourly", erased],
    ["otel_traces", "startsWith(SpanAttributes['tenant_id'], 'scratch')"],
    ["otel_traces", "startsWith(TraceId, 'bad0')"],
    ["llm_calls", "startsWith(lower(hex(trace_id)), 'bad0')"],
  ] as const) {
    const [row] = await selectRows<[string]>(store, `SELECT toString(count()) FROM spancost.${table} WHERE ${where}`);
    if (row?.[0] !== "0") tally.violate("not gone", `${table} has ${row?.[0]} rows with ${where}`);
  }
}

function formatCall(call: ExpectedCall, house: number): string {
  const isHouse = call.provider === HOUSE.provider;
  const { input, output } = call;
  const tokens = { input: input ?? 0, cacheRead: null, output: output ?? 0, reasoning: null };
  const cost = isHouse ? costOf(tokens, houseTokenPrices(house)) : call.costPicoUsd;
  return [
    call.tenantId,
    call.userId,
    call.feature,
    call.provider,
    call.model,
    call.hourUnix,
    call.input,
    call.cacheRead,
    call.output,
    call.reasoning,
    cost,
    call.costStatus,
  ].join(" ");
}

function formatRow([
  ,
  tenantId,
  userId,
  feature,
  provider,
  model,
  hourUnix,
  input,
  cacheRead,
  output,
  reasoning,
  cost,
  status,
]: CallRow): string {
  return [
    tenantId,
    userId,
    feature,
    provider,
    model,
    hourUnix,
    input,
    cacheRead,
    output,
    reasoning,
    cost === null ? null : toPicoUsd(cost),
    status,
  ].join(" ");
}
