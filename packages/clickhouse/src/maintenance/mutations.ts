import { setTimeout as sleep } from "node:timers/promises";
import type { ClickHouseClient } from "@clickhouse/client";
import { quoteText } from "../quote.ts";
import { selectRows } from "../select-rows.ts";
import { StoreError } from "../store-error.ts";
import { ONE_PART } from "./one-part.ts";

/** A change of the rows of one partition. */
export interface PartitionChange {
  /** `partition_id` of `system.parts`. */
  readonly partition: string;
  /** `DELETE`, or `UPDATE column = expression, ...`. */
  readonly action: string;
  readonly where: string;
}

/** Stands in each of our mutations, with an id; the database keeps their text. */
const SIGN = "spancost-mutation";
const NAMELESS_SIGN = `${SIGN} of no rows`;
const SETTINGS = {
  // A statement that waits for the parts would be given up after the client's timeout.
  mutations_sync: "0",
  allow_nondeterministic_mutations: 1,
  max_query_size: ONE_PART.max_query_size,
} as const;

const MIN_LOOK_MS = 10;
const MAX_LOOK_MS = 500;

/**
 * Changes stored rows, and returns when the parts are rewritten and the database has something else to remember than whose rows they were,
 * however long that takes. When this throws, the database may go on with it: `finishMutations` has to come before other maintenance.
 * @throws StoreError `query-failed` where the database cannot do it, or was told not to
 */
export async function mutate(
  client: ClickHouseClient,
  table: string,
  changes: readonly PartitionChange[],
  signal?: AbortSignal,
): Promise<void> {
  // One mutation for all, since each gives every part of the table another name.
  if (changes.length > 0) await run(client, table, changes, SIGN, signal);
  await forget(client, table, signal);
}

/** A table keeps the text of its last mutation: what is left to keep then changes nothing and names nobody. */
async function forget(client: ClickHouseClient, table: string, signal: AbortSignal | undefined): Promise<void> {
  const telling = await selectRows(
    client,
    `SELECT 1 FROM system.mutations WHERE ${isSigned(SIGN)} AND NOT (${isSigned(NAMELESS_SIGN)}) AND table = ${quoteText(table)} LIMIT 1`,
  );
  // No partition has this id.
  const nothing = { partition: "none", action: "DELETE", where: "false" };
  if (telling.length > 0) await run(client, table, [nothing], NAMELESS_SIGN, signal);
}

async function run(
  client: ClickHouseClient,
  table: string,
  changes: readonly PartitionChange[],
  kind: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const sign = `${kind} ${crypto.randomUUID()}`;
  const commands = changes.map(
    ({ partition, action, where }) =>
      `${action} IN PARTITION ID ${quoteText(partition)} WHERE ${quoteText(sign)} != '' AND (${where})`,
  );
  await client.command({
    query: `ALTER TABLE spancost.${table} ${commands.join(", ")}`,
    clickhouse_settings: SETTINGS,
  });
  for await (const { known, running, failing } of looks(client, sign, signal)) {
    if (failing[0] !== undefined) throw failed(`The database cannot rewrite spancost.${table}: ${failing[0].reason}`);
    if (known === 0) throw failed(`Rewriting spancost.${table} was ended in the database (KILL MUTATION).`);
    if (running === 0) return;
  }
}

/**
 * Waits for what `mutate` began and left under way, which a database goes on with also after it was killed: other maintenance must not run
 * beside it. What cannot be done is ended.
 */
export async function finishMutations(client: ClickHouseClient, signal?: AbortSignal): Promise<void> {
  for await (const { running, failing } of looks(client, SIGN, signal)) {
    if (running === 0) return;
    const tables = new Set(failing.map(({ table }) => table));
    if (tables.size > 0) await end(client, [...tables], signal);
  }
}

/** What is known of mutations. */
interface Look {
  readonly known: number;
  readonly running: number;
  /** Of those that run: those that fail, and why. */
  readonly failing: readonly { readonly table: string; readonly reason: string }[];
}

/** Looks at the mutations with a sign again and again. */
async function* looks(
  client: ClickHouseClient,
  sign: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Look, void> {
  for await (const _ of moments(signal)) {
    const rows = await selectRows<{ table: string; is_done: number; reason: string }>(
      client,
      `SELECT table, is_done, latest_fail_reason AS reason FROM system.mutations WHERE ${isSigned(sign)}`,
    );
    const running = rows.filter(({ is_done }) => is_done === 0);
    const failing = running.filter(({ reason }) => reason !== "");
    yield { known: rows.length, running: running.length, failing };
  }
}

/** Ends the mutations of some tables, and waits for the parts that are being rewritten: an end does not stop these. */
async function end(
  client: ClickHouseClient,
  tables: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const these = `database = 'spancost' AND table IN (${tables.map(quoteText).join(", ")})`;
  await client.command({ query: `KILL MUTATION WHERE ${these} AND ${isSigned(SIGN)}` });
  for await (const _ of moments(signal)) {
    const query = `SELECT count() AS count FROM system.merges WHERE ${these} AND is_mutation`;
    if ((await selectRows<{ count: string }>(client, query))[0]?.count === "0") return;
  }
}

/** When to look whether something is over: at first soon, then every half second. @throws the signal's reason */
async function* moments(signal: AbortSignal | undefined): AsyncGenerator<void, void> {
  for (let waitMs = MIN_LOOK_MS; ; waitMs = Math.min(waitMs * 2, MAX_LOOK_MS)) {
    signal?.throwIfAborted();
    yield;
    await sleep(waitMs, undefined, { signal }).catch(() => {});
  }
}

function isSigned(sign: string): string {
  return `database = 'spancost' AND position(command, ${quoteText(sign)}) > 0`;
}

function failed(what: string): StoreError {
  return new StoreError("query-failed", `${what} What is rewritten so far stays; mend the cause and ask again.`);
}
