import type { ClickHouseClient } from "@clickhouse/client";
import { selectRows } from "../select-rows.ts";
import { StoreError } from "../store-error.ts";
import { TABLES } from "./0001-tables.ts";
import { ROLL_UP } from "./0002-roll-up.ts";
import { MERGES } from "./0003-merges.ts";
import { OWN_ATTRIBUTION } from "./0004-own-attribution.ts";
import { SPEND } from "./0005-spend.ts";
import { MUTATIONS } from "./0006-mutations.ts";

/** Every migration in its order. Once released, one is never edited: a change is a new one. Each statement can be run again. */
const MIGRATIONS: readonly {
  readonly number: number;
  readonly name: string;
  readonly statements: readonly string[];
}[] = [
  { number: 1, name: "tables", statements: TABLES },
  { number: 2, name: "roll-up", statements: ROLL_UP },
  { number: 3, name: "merges", statements: MERGES },
  { number: 4, name: "own attribution", statements: OWN_ATTRIBUTION },
  { number: 5, name: "spend by pending hours", statements: SPEND },
  { number: 6, name: "mutations", statements: MUTATIONS },
];

const BOOTSTRAP = [
  "CREATE DATABASE IF NOT EXISTS spancost ENGINE = Atomic",
  `CREATE TABLE IF NOT EXISTS spancost.schema_migrations
(
    number UInt32,
    name String,
    applied_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree ORDER BY number`,
];

/** Brings the database to this release's schema. @returns the numbers applied now. @throws StoreError `migration-failed` */
export async function migrate(client: ClickHouseClient): Promise<number[]> {
  for (const query of BOOTSTRAP) await run(client, 0, query);
  const applied = await readApplied(client);
  const now: number[] = [];
  for (const { number, name, statements } of MIGRATIONS) {
    if (applied.has(number)) continue;
    for (const query of statements) await run(client, number, query);
    await client.insert({ table: "spancost.schema_migrations", values: [{ number, name }], format: "JSONEachRow" });
    now.push(number);
  }
  return now;
}

async function readApplied(client: ClickHouseClient): Promise<Set<number>> {
  const applied = await selectRows<{ number: number }>(client, "SELECT number FROM spancost.schema_migrations");
  return new Set(applied.map(({ number }) => number));
}

async function run(client: ClickHouseClient, number: number, query: string): Promise<void> {
  try {
    await client.command({ query });
  } catch (cause) {
    const firstLine = query.trim().split("\n")[0] ?? "";
    throw new StoreError(
      "migration-failed",
      `Migration ${number} failed at "${firstLine}": ${cause instanceof Error ? cause.message : String(cause)}. The database needs ClickHouse 25.8 or newer, and a user who may create databases, tables and views.`,
      { cause },
    );
  }
}
