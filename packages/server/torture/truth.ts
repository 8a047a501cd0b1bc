import { HOUSE, type TokenPrices } from "./prices.ts";
import type { ExpectedCall, Happening } from "./traffic.ts";

/** Sums of calls. Money in 1e-12 USD. */
export interface Sums {
  calls: bigint;
  input: bigint;
  cacheRead: bigint;
  output: bigint;
  reasoning: bigint;
  costPicoUsd: bigint;
}

/** What the generator made in one round. */
export interface RoundTruth {
  /** `<trace id>:<span id>` of every span. */
  readonly spans: readonly string[];
  readonly calls: readonly ExpectedCall[];
}

/** Everything that was made, and so must be in the ledger when it is acknowledged and settled. */
export class Truth {
  readonly rounds = new Map<number, RoundTruth>();
  readonly #sums = new Map<string, Sums>();

  add(round: number, happenings: readonly Happening[]): void {
    const sent = happenings.flatMap((each) => each.spans.map(({ span }) => `${span.traceId}:${span.spanId}`));
    const calls = happenings.flatMap((each) => each.calls);
    const spans = [...new Set(sent)];
    this.rounds.set(round, { spans, calls });
    this.maxRows += sent.length;
    this.toldTwice += sent.length - spans.length + calls.filter(({ key }) => key === null).length;
    for (const call of calls) add(this.#sums, call);
  }

  /** No more rows can be there than spans were made, scratch tenants' included. */
  maxRows = 0;
  /** What is told twice, with different contents under one id: two rows until it is settled. */
  toldTwice = 0;

  /** Spans that will be erased: until then they are there. */
  addErased(happenings: readonly Happening[]): void {
    this.maxRows += happenings.length;
  }

  /** Sums by tenant, hour and model; the operator's model at the price that it has now. */
  sums(house: TokenPrices): Map<string, Sums> {
    return new Map(
      [...this.#sums].map(([key, sums]) => {
        const isHouse = key.endsWith(`|${HOUSE.model}`);
        const costPicoUsd = isHouse ? sums.input * house.input + sums.output * house.output : sums.costPicoUsd;
        return [key, { ...sums, costPicoUsd }];
      }),
    );
  }
}

export function groupKey(tenantId: string, hourUnix: number, model: string): string {
  return `${tenantId}|${hourUnix}|${model}`;
}

export function emptySums(): Sums {
  return { calls: 0n, input: 0n, cacheRead: 0n, output: 0n, reasoning: 0n, costPicoUsd: 0n };
}

function add(groups: Map<string, Sums>, call: ExpectedCall): void {
  const key = groupKey(call.tenantId, call.hourUnix, call.model);
  const sums = groups.get(key) ?? emptySums();
  groups.set(key, sums);
  sums.calls += 1n;
  sums.input += BigInt(call.input ?? 0);
  sums.cacheRead += BigInt(call.cacheRead ?? 0);
  sums.output += BigInt(call.output ?? 0);
  sums.reasoning += BigInt(call.reasoning ?? 0);
  sums.costPicoUsd += call.costPicoUsd ?? 0n;
}
