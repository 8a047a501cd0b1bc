import { setTimeout as sleep } from "node:timers/promises";
import type { ClickHouseClient } from "@clickhouse/client";
import { quoteText } from "../quote.ts";
import { selectRows } from "../select-rows.ts";
import { StoreError } from "../store-error.ts";

/** A change of stored rows in one partition. */
export interface Mutation {
  readonly table: string;
  /** `partition_id` of `system.parts`. */
  readonly partition: string;
  /** `DELETE`, or `UPDATE column = expression, ...`. */
  readonly action: string;
  readonly where: string;
}

/** Stands in each of our mutations; the database keeps their text. */
const SIGN = "spancost-mutation";
const OURS = `database = 'spancost' AND NOT is_done AND position(command, ${quoteText(SIGN)}) > 0`;

const MIN_LOOK_MS = 10;
const MAX_LOOK_MS = 500;

/**
 * Changes stored rows, and returns when the parts are rewritten, however long that takes. Where it fails or is told to end, the database
 * may go on with it: `endMutations` has to come before other maintenance.
 * @throws StoreError `query-failed` where the database cannot do it
 */
export async function mutate(client: ClickHouseClient, mutation: Mutation, signal?: AbortSignal): Promise<void> {
  const { table, partition, action, where } = mutation;
  await client.command({
    query: `ALTER TABLE spancost.${table} ${action} IN PARTITION ID ${quoteText(partition)} WHERE ${quoteText(SIGN)} != '' AND (${where})`,
    // A statement that waits for the parts would be given up after the client's timeout.
    clickhouse_settings: { mutations_sync: "0", allow_nondeterministic_mutations: 1 },
  });
  await waitUntilDone(client, table, signal);
}

/** Ends what `mutate` began and left under way, even in a database that was killed meanwhile. Returns when no part is rewritten any more. */
export async function endMutations(client: ClickHouseClient): Promise<void> {
  if (!(await isOver(client, `system.mutations WHERE ${OURS}`)))
    await client.command({ query: `KILL MUTATION WHERE ${OURS}` });
  // A part that is being rewritten is given up at the next block.
  const rewriting = "system.merges WHERE database = 'spancost' AND is_mutation";
  for await (const _ of looks()) if (await isOver(client, rewriting)) return;
}

async function waitUntilDone(client: ClickHouseClient, table: string, signal: AbortSignal | undefined): Promise<void> {
  const ours = `system.mutations WHERE ${OURS} AND table = ${quoteText(table)}`;
  for await (const _ of looks()) {
    signal?.throwIfAborted();
    const [failed] = await selectRows<{ reason: string }>(
      client,
      `SELECT latest_fail_reason AS reason FROM ${ours} AND latest_fail_reason != ''`,
    );
    if (failed !== undefined) {
      throw new StoreError(
        "query-failed",
        `The database cannot rewrite spancost.${table}: ${failed.reason} What is rewritten so far stays; mend the cause and ask again.`,
      );
    }
    if (await isOver(client, ours)) return;
  }
}

/** Moments to look whether something is over: at first soon one after the other. */
async function* looks(): AsyncGenerator<void, never> {
  for (let waitMs = MIN_LOOK_MS; ; waitMs = Math.min(waitMs * 2, MAX_LOOK_MS)) {
    await sleep(waitMs);
    yield;
  }
}

async function isOver(client: ClickHouseClient, what: string): Promise<boolean> {
  const [row] = await selectRows<{ count: string }>(client, `SELECT count() AS count FROM ${what}`);
  return row?.count === "0";
}
