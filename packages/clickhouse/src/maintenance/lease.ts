import type { ClickHouseClient } from "@clickhouse/client";
import { quoteText } from "../quote.ts";
import { selectRows } from "../select-rows.ts";

/** Options of a lease. */
export interface LeaseOptions {
  /** For how long it is held without being renewed. @default 30000 */
  readonly ttlMs?: number;
  /** How long a claim waits for others that were made at the same time: longer than writing one takes. @default 2000 */
  readonly settleMs?: number;
  /** A monotonic clock in milliseconds. @default performance.now */
  readonly now?: () => number;
}

const DEFAULT_TTL_MS = 30_000;
const DEFAULT_SETTLE_MS = 2_000;

/**
 * Who runs maintenance, among the servers of one database. ClickHouse has no compare-and-set, so it is a claim, a wait and a second look:
 * the oldest living claim wins, by the database's clock. A write that takes longer than the wait can make two hold it until the next
 * renewal; every step of maintenance is harmless then.
 */
export class Lease {
  readonly #client: ClickHouseClient;
  readonly #holder = crypto.randomUUID();
  readonly #ttlMs: number;
  readonly #settleMs: number;
  readonly #now: () => number;
  /** By our own clock, from before the claim was written: we stop before the database says so. */
  #heldUntilMs = -Infinity;

  constructor(
    client: ClickHouseClient,
    { ttlMs = DEFAULT_TTL_MS, settleMs = DEFAULT_SETTLE_MS, now = () => performance.now() }: LeaseOptions = {},
  ) {
    this.#client = client;
    this.#ttlMs = ttlMs;
    this.#settleMs = settleMs;
    this.#now = now;
  }

  /** For how long it is still held, in milliseconds; 0 when it is not. */
  get remainingMs(): number {
    return Math.max(this.#heldUntilMs - this.#now(), 0);
  }

  /** Takes the lease, or takes it for longer. @returns whether it is held */
  async hold(): Promise<boolean> {
    const isRenewal = this.remainingMs > 0;
    const first = await this.#readFirst();
    if (first !== null && first !== this.#holder) return this.#lose();
    const claimedMs = this.#now();
    await this.#claim(isRenewal);
    if (isRenewal) {
      this.#heldUntilMs = claimedMs + this.#ttlMs;
      return true;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, this.#settleMs);
    });
    if ((await this.#readFirst()) !== this.#holder) return this.#lose();
    this.#heldUntilMs = claimedMs + this.#ttlMs;
    return this.remainingMs > 0;
  }

  /** Gives it to the next. */
  async release(): Promise<void> {
    if (this.#heldUntilMs === -Infinity) return;
    await this.#lose();
  }

  async #lose(): Promise<false> {
    this.#heldUntilMs = -Infinity;
    await this.#client.command({
      query: `ALTER TABLE spancost.maintenance_lease DELETE WHERE holder = ${quoteText(this.#holder)} OR expires_at < now64(3) - INTERVAL 1 DAY`,
    });
    return false;
  }

  /** The holder of the oldest claim that has not expired. */
  async #readFirst(): Promise<string | null> {
    const [first] = await selectRows<{ holder: string }>(
      this.#client,
      "SELECT holder FROM spancost.maintenance_lease FINAL WHERE expires_at > now64(3) ORDER BY claimed_at, holder LIMIT 1",
    );
    return first?.holder ?? null;
  }

  /** A renewal keeps the moment of the claim. */
  async #claim(isRenewal: boolean): Promise<void> {
    const own = `FROM spancost.maintenance_lease FINAL WHERE holder = ${quoteText(this.#holder)}`;
    const claimedAt = isRenewal ? `ifNull((SELECT max(claimed_at) ${own}), now64(3))` : "now64(3)";
    await this.#client.command({
      query: `INSERT INTO spancost.maintenance_lease (holder, claimed_at, expires_at)
SELECT ${quoteText(this.#holder)}, ${claimedAt}, addMilliseconds(now64(3), ${this.#ttlMs})`,
    });
  }
}
