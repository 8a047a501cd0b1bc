import { setTimeout as sleep } from "node:timers/promises";
import { STEADY_TENANTS } from "./create-traffic.ts";
import { queryState, selectRows, tenantSumsQuery, toSums, type View } from "./ledger.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Tally } from "./tally.ts";
import type { Truth } from "./truth.ts";

const PAUSE_MS = 150;
const ROWS_MORE_THAN_ONCE = `SELECT toString(count()), toString(uniqExact(trace_id, span_id)) FROM spancost.calls`;

/** Reads all the while, as dashboards do, and holds each reading against the others and the truth. */
export class Readers {
  /** `null` while the server is away. */
  target: ServerProcess | null = null;
  readonly #tally: Tally;
  readonly #truth: Truth;
  /** What was read last of each steady tenant: calls and cost only grow. */
  readonly #seen = new Map<string, { readonly calls: bigint; readonly costPicoUsd: bigint }>();
  #isClosed = false;
  readonly #running: Promise<unknown>;

  constructor(truth: Truth, tally: Tally) {
    this.#truth = truth;
    this.#tally = tally;
    const tasks = [
      (server: ServerProcess) => this.#compare(server),
      (server: ServerProcess) => this.#watchGrowth(server),
    ];
    this.#running = Promise.all(tasks.map((task) => this.#run(task)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(read: (server: ServerProcess) => Promise<void>): Promise<void> {
    while (!this.#isClosed) {
      const { target } = this;
      try {
        if (target !== null) await read(target);
      } catch {
        // The database, or the whole server, is away.
        this.#tally.count("reads failed");
      }
      await sleep(PAUSE_MS);
    }
  }

  /** `spend` between two readings of the ledger that are the same must be the same as well. */
  async #compare({ store }: ServerProcess): Promise<void> {
    const before = await queryState(store);
    const calls = await selectRows(store, tenantSumsQuery("calls"));
    const spend = await selectRows(store, tenantSumsQuery("spend"));
    const rows = await selectRows<[string, string]>(store, ROWS_MORE_THAN_ONCE);
    const after = await queryState(store);
    this.#tally.count("reads");
    if (before !== after) return;
    this.#tally.count("reads compared");
    const difference = findDifference(calls, spend);
    if (difference !== null) this.#tally.violate("wrong reads", difference);
    const [count, distinct] = rows[0] ?? ["0", "0"];
    if (Number(count) > this.#truth.maxRows)
      this.#tally.violate("wrong reads", `${count} calls of ${this.#truth.maxRows} spans`);
    // What is told twice may be two rows until it is settled; all else is never two.
    if (Number(count) - Number(distinct) > this.#truth.toldTwice)
      this.#tally.violate("wrong reads", `${count} calls with ${distinct} ids`);
  }

  /** Over the public API. */
  async #watchGrowth({ urls }: ServerProcess): Promise<void> {
    for (const view of ["spend", "calls"] as const) {
      const response = await fetch(`${urls.api}/api/v1/sql?format=JSONCompactEachRow`, {
        method: "POST",
        body: steadySumsQuery(view),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      this.#tally.count("reads");
      for (const line of text.split("\n").filter(Boolean)) this.#checkGrowth(view, JSON.parse(line) as string[]);
    }
  }

  #checkGrowth(view: View, [tenantId = "", ...figures]: readonly string[]): void {
    const { calls, costPicoUsd } = toSums(figures);
    const before = this.#seen.get(tenantId);
    if (before !== undefined && (calls < before.calls || costPicoUsd < before.costPicoUsd))
      this.#tally.violate("wrong reads", `${view} of ${tenantId} fell from ${before.calls} calls to ${calls}`);
    this.#seen.set(tenantId, { calls, costPicoUsd });
  }
}

function steadySumsQuery(view: View): string {
  return tenantSumsQuery(view).replace("GROUP BY", `WHERE startsWith(tenant_id, '${STEADY_TENANTS}') GROUP BY`);
}

function findDifference(calls: readonly unknown[], spend: readonly unknown[]): string | null {
  const [left, right] = [calls, spend].map((rows) => rows.map((row) => JSON.stringify(row)));
  const only = (these: readonly string[] = [], those: readonly string[] = []) =>
    these.filter((row) => !those.includes(row)).join(" ");
  const [ofCalls, ofSpend] = [only(left, right), only(right, left)];
  return ofCalls === ofSpend ? null : `only calls said ${ofCalls}; only spend said ${ofSpend}`;
}
