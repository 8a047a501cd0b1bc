import { expect } from "vitest";
import { waitUntilInserted } from "../../server/test/wait-until-inserted.ts";
import type { UpProcess } from "./up-process.ts";

const PICO_USD_DIGITS = 12;

/** Asks a running server for rows. */
export async function query(up: UpProcess, sql: string): Promise<unknown[]> {
  await waitUntilInserted(up.api);
  const response = await fetch(`${up.api}/api/v1/sql?format=JSONEachRow`, { method: "POST", body: sql });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
}

/** Writes 1e-12 USD as USD, the way the ledger does. */
export function toUsd(picoUsd: bigint): string {
  const digits = `${picoUsd}`.padStart(PICO_USD_DIGITS + 1, "0");
  return `${digits.slice(0, -PICO_USD_DIGITS)}.${digits.slice(-PICO_USD_DIGITS)}`.replace(/\.?0+$/, "");
}
