import type { ClickHouseClient } from "@clickhouse/client";
import { type AttributionKeys, settleCalls, type Settlement } from "@spancost/core";
import {
  type LedgerCall,
  queryCalls,
  queryNow,
  queryPeerTraces,
  querySpans,
  type TimeSpan,
  toHourUnix,
  toNeighbourhood,
  toTimes,
} from "./settle-queries.ts";
import { ArrivalLog } from "./arrivals.ts";
import { settleRepeated, settleSameKeys } from "./same-key-conflicts.ts";
import { SharedServices } from "./shared-services.ts";
import { queryTouchedTraces, type TouchedTrace } from "./touched-traces.ts";
import { Watermark } from "./watermark.ts";
import { type Change, type ChangeKind, dropRows, type Ledger, type Place, writeVersions } from "./write-versions.ts";

/** What one run did. */
export interface SettleResult {
  /** Traces that were looked at. */
  readonly traces: number;
  /** Calls that got a new version. */
  readonly changed: number;
  /** Spans that came with other contents, of which another row counts. */
  readonly conflicts: number;
  /** More came than one run looks at: the next one should follow at once. */
  readonly isBehind: boolean;
}

interface Round {
  changed: number;
  conflicts: number;
  /** The first one of a trace that failed by itself. */
  failure: unknown;
  /** Whether more failed than are remembered. */
  hasForgotten: boolean;
}

/** A round reads the trace ids of the hours around, whatever its size. */
const TRACES_A_ROUND = 20_000;
/** More traces that fail by themselves are not remembered: what fails is something else, and what came is looked at again. */
const MAX_FAILING = 1_000;
const RETRY_INTERVAL_MS = 15_000;
/** How far from a touched trace calls are followed that could be the same. */
const MAX_PEER_ROUNDS = 4;

/**
 * Settles calls as spans arrive: a new span of a trace makes the whole trace be looked at again. Its own writes are new versions, so it
 * does not take them for something new.
 */
export class Settler {
  readonly #client: ClickHouseClient;
  readonly #ledger: Ledger;
  readonly #keys: AttributionKeys;
  readonly #watermark: Watermark;
  readonly #services: SharedServices;
  #arrivals: ArrivalLog | undefined;
  /** Whether there are so many calls without all their attribution that it pays to look first whether any span has more. */
  #skipsSilent = false;
  /** Traces that could not be settled by themselves: they are tried again now and then. */
  readonly #failing = new Map<string, TouchedTrace>();
  readonly #maxFailing: number;
  #retriedMs = 0;

  constructor(ledger: Ledger, keys: AttributionKeys, maxFailing = MAX_FAILING) {
    const { client } = ledger;
    this.#maxFailing = maxFailing;
    this.#client = client;
    this.#ledger = ledger;
    this.#keys = keys;
    this.#watermark = new Watermark(client);
    this.#services = new SharedServices(client);
  }

  /** Settles what came since the last run. Runs must not overlap. */
  async run(signal?: AbortSignal): Promise<SettleResult> {
    const now = await queryNow(this.#client);
    this.#arrivals ??= new ArrivalLog(this.#client, await this.#watermark.read());
    if (now < this.#retriedMs) this.#retriedMs = 0;
    const arrivals = await this.#arrivals.next(now);
    const { traces, lone } = await queryTouchedTraces(this.#client, {
      keys: this.#keys,
      arrivals,
      skipsSilent: this.#skipsSilent,
      services: this.#services,
    });
    if (lone > TRACES_A_ROUND) this.#skipsSilent = true;
    if (now - this.#retriedMs >= RETRY_INTERVAL_MS) {
      for (const [trace, time] of this.#failing) traces.set(trace, time);
      this.#retriedMs = now;
    }
    const round: Round = { changed: 0, conflicts: 0, failure: undefined, hasForgotten: false };
    const byKind = Map.groupBy(traces, ([, { kind }]) => kind);
    for (const all of byKind.values()) {
      for (let at = 0; at < all.length; at += TRACES_A_ROUND) {
        signal?.throwIfAborted();
        await this.#settleRound(all.slice(at, at + TRACES_A_ROUND), round);
      }
    }
    if (!round.hasForgotten) {
      this.#arrivals.done(arrivals);
      // The next process knows nothing of those that failed, but looks at them again.
      if (this.#failing.size === 0) await this.#watermark.write(arrivals.knownUntilMs);
    }
    if (round.failure !== undefined) throw round.failure;
    return { traces: traces.size, changed: round.changed, conflicts: round.conflicts, isBehind: arrivals.isBehind };
  }

  /** Settles some traces of one kind; where that fails and the database is there, the halves apart: one trace must not be all the others' fault. */
  async #settleRound(traces: readonly (readonly [trace: string, time: TouchedTrace])[], round: Round): Promise<void> {
    try {
      const { changed, conflicts } = await this.#settle(traces);
      round.changed += changed;
      round.conflicts += conflicts;
      for (const [trace] of traces) this.#failing.delete(trace);
    } catch (error) {
      // One that does not answer now fails the run, which is repeated.
      await queryNow(this.#client);
      const [first] = traces;
      if (first !== undefined && traces.length === 1) {
        round.failure ??= error;
        if (this.#failing.size < this.#maxFailing || this.#failing.has(first[0])) this.#failing.set(...first);
        else round.hasForgotten = true;
        return;
      }
      const half = Math.ceil(traces.length / 2);
      await this.#settleRound(traces.slice(0, half), round);
      await this.#settleRound(traces.slice(half), round);
    }
  }

  /** Calls of some traces, and those that could be the same as any of them, and so on: what is settled together depends on no order. */
  async #loadNeighbourhood(traces: readonly string[], times: TimeSpan): Promise<LedgerCall[]> {
    const seen = new Set(traces);
    const calls: LedgerCall[] = [];
    let next: readonly string[] = traces;
    for (let round = 0; round <= MAX_PEER_ROUNDS && next.length > 0; round += 1) {
      const added = await queryCalls(this.#client, next, times);
      for (const call of added) calls.push(call);
      const peers = added.length === 0 ? [] : await queryPeerTraces(this.#client, added);
      next = peers.filter((trace) => !seen.has(trace));
      for (const trace of next) seen.add(trace);
    }
    return calls;
  }

  async #settle(
    touched: readonly (readonly [trace: string, time: TouchedTrace])[],
  ): Promise<Pick<Round, "changed" | "conflicts">> {
    const traces = touched.map(([trace]) => trace);
    const arrived = touched.map(([, time]) => time);
    // What came again is where it came first.
    if (arrived.every(({ kind }) => kind === "repeated"))
      return { changed: 0, conflicts: await settleRepeated(this.#ledger, traces, toTimes(arrived)) };
    const times = toNeighbourhood(arrived);
    const conflicts = await settleSameKeys(this.#ledger, traces, times);
    const loaded = await this.#loadNeighbourhood(traces, times);
    if (loaded.length === 0) return { changed: 0, conflicts };
    const { kept: calls, dropped } = splitConflicts(loaded);
    await dropRows(this.#ledger, "conflict", dropped.map(toPlace));
    const concerned = [...new Set(calls.map(({ traceId }) => traceId))];
    const spans = needSpans(calls) ? await querySpans(this.#client, concerned, this.#keys, times) : [];
    const settlements = settleCalls(calls, spans);
    const changes = calls.flatMap((call) => {
      const settlement = settlements.get(call.key);
      if (settlement === undefined || forgets(call, settlement, settlements)) return [];
      return toChange(call, settlement) ?? [];
    });
    await writeVersions(this.#ledger, SETTLE, changes);
    return { changed: changes.length, conflicts: conflicts + dropped.length };
  }
}

/** Whether a settlement would undo an older one only because the call that counted was not looked at this time. */
function forgets(
  { current }: LedgerCall,
  settlement: Settlement,
  settlements: ReadonlyMap<string, Settlement>,
): boolean {
  return current.duplicate_of !== "" && settlement.duplicateOf === "" && !settlements.has(current.duplicate_of);
}

/**
 * One span that came with different contents, such as once without its tenant, has a row for each place in the ledger that follows from
 * them. One of them counts: the one that says most of whom it belongs to, and by a fixed order among those that say as much.
 */
function splitConflicts(calls: readonly LedgerCall[]): { kept: LedgerCall[]; dropped: LedgerCall[] } {
  const kept = new Map<string, LedgerCall>();
  const dropped: LedgerCall[] = [];
  for (const call of calls) {
    const other = kept.get(call.key);
    if (other === undefined || comparePrecedence(call, other) > 0) kept.set(call.key, call);
    if (other !== undefined) dropped.push(kept.get(call.key) === call ? other : call);
  }
  return { kept: [...kept.values()], dropped };
}

function comparePrecedence(a: LedgerCall, b: LedgerCall): number {
  const known = ({ attribution }: LedgerCall) => Object.values(attribution).filter((value) => value !== "").length;
  const place = (call: LedgerCall) => `${call.startTimeUnixNano}:${call.current.tenant_id}`;
  return known(a) - known(b) || (place(a) < place(b) ? 1 : -1);
}

function toPlace({ key, current, startTimeUnixNano }: LedgerCall): Place {
  return { key, tenantId: current.tenant_id, hourUnix: toHourUnix(startTimeUnixNano) };
}

type SettledColumn = "tenant_id" | "user_id" | "feature" | "task" | "task_id" | "duplicate_of" | "settle_reason";

const SETTLE: ChangeKind<SettledColumn> = {
  replacedBy: "settle",
  columns: {
    tenant_id: "String",
    user_id: "String",
    feature: "String",
    task: "String",
    task_id: "String",
    duplicate_of: "String",
    settle_reason: "String",
  },
};

/** What a settlement changes in the ledger, or `null` when the row says so already. */
function toChange(call: LedgerCall, settlement: Settlement): Change<SettledColumn> | null {
  const { tenantId, userId, feature, task, taskId } = settlement.attribution;
  const values = {
    tenant_id: tenantId,
    user_id: userId,
    feature,
    task,
    task_id: taskId,
    duplicate_of: settlement.duplicateOf,
    settle_reason: settlement.reason,
  };
  const same = (Object.keys(values) as SettledColumn[]).every((column) => values[column] === call.current[column]);
  return same ? null : { ...toPlace(call), values };
}

/** Whether anything depends on other spans: a call among others in its trace, or one that lacks attribution. */
function needSpans(calls: readonly LedgerCall[]): boolean {
  const traces = new Set<string>();
  return calls.some(({ traceId, attribution: { tenantId, userId, feature, task, taskId } }) => {
    const isSecond = traces.has(traceId);
    traces.add(traceId);
    return isSecond || tenantId === "" || userId === "" || feature === "" || (task === "" && taskId === "");
  });
}
