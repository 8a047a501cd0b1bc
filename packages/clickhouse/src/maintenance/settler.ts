import type { ClickHouseClient } from "@clickhouse/client";
import { type AttributionKeys, settleCalls, type Settlement } from "@spancost/core";
import {
  type LedgerCall,
  toHourUnix,
  queryCalls,
  queryNow,
  queryPeerTraces,
  querySpans,
  queryTouchedTraces,
} from "./settle-queries.ts";
import { Watermark } from "./watermark.ts";
import { type Change, type ChangeKind, dropRows, type Place, writeVersions } from "./write-versions.ts";

/** What one run did. */
export interface SettleResult {
  /** Traces that were looked at. */
  readonly traces: number;
  /** Calls that got a new version. */
  readonly changed: number;
  /** Rows taken out because another row has the same span. */
  readonly conflicts: number;
}

/** A row can become visible this long after the time it is stamped with: the length of a slow insert. */
const INSERT_LATENCY_MS = 15_000;
const TRACES_A_ROUND = 500;

/**
 * Settles calls as spans arrive: a new span of a trace makes the whole trace be looked at again. Its own writes are new versions, so it
 * sees them as touched once and finds nothing to change.
 */
export class Settler {
  readonly #client: ClickHouseClient;
  readonly #keys: AttributionKeys;
  readonly #watermark: Watermark;
  #since: number | undefined;
  /** Rows that each recent trace had when it was settled. */
  #settled = new Map<string, number>();

  constructor(client: ClickHouseClient, keys: AttributionKeys) {
    this.#client = client;
    this.#keys = keys;
    this.#watermark = new Watermark(client);
  }

  /** Settles what came since the last run. Runs must not overlap. */
  async run(): Promise<SettleResult> {
    const now = await queryNow(this.#client);
    this.#since ??= await this.#watermark.read();
    const touched = await queryTouchedTraces(this.#client, this.#since);
    const traces = [...touched].filter(([trace, rows]) => this.#settled.get(trace) !== rows).map(([trace]) => trace);
    let [changed, conflicts] = [0, 0];
    for (let at = 0; at < traces.length; at += TRACES_A_ROUND) {
      const result = await this.#settle(traces.slice(at, at + TRACES_A_ROUND));
      changed += result.changed;
      conflicts += result.conflicts;
    }
    this.#settled = touched;
    this.#since = now - INSERT_LATENCY_MS;
    await this.#watermark.write(this.#since);
    return { traces: traces.length, changed, conflicts };
  }

  async #settle(traces: readonly string[]): Promise<{ changed: number; conflicts: number }> {
    const touched = await queryCalls(this.#client, traces);
    if (touched.length === 0) return { changed: 0, conflicts: 0 };
    const peers = (await queryPeerTraces(this.#client, touched)).filter((trace) => !traces.includes(trace));
    const { kept: calls, dropped } = splitConflicts([...touched, ...(await queryCalls(this.#client, peers))]);
    await dropRows(this.#client, "conflict", dropped.map(toPlace));
    const concerned = [...new Set(calls.map(({ traceId }) => traceId))];
    const spans = needSpans(calls) ? await querySpans(this.#client, concerned, this.#keys) : [];
    const settlements = settleCalls(calls, spans);
    const changes = calls.flatMap((call) => {
      const settlement = settlements.get(call.key);
      return settlement === undefined ? [] : (toChange(call, settlement) ?? []);
    });
    await writeVersions(this.#client, SETTLE, changes);
    return { changed: changes.length, conflicts: dropped.length };
  }
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
