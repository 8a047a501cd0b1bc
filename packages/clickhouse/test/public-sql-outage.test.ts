import { createServer, type Server } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createPublicSql, createStore, StoreError } from "../src/index.ts";

const SLOW_MS = 100;
let folder: string;
let engine: Server;

/** An engine that dies: statements are cut off at once, questions about the schema a little later. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "spancost-test-"));
  engine = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => setTimeout(() => response.destroy(), body.includes("system.") ? SLOW_MS : 0));
  });
  await new Promise<void>((resolve) => engine.listen(join(folder, "engine.sock"), resolve));
});

afterEach(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

it("fails when the database dies under the first query, and leaves no failure that nobody waits for", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  const store = createStore({ socketPath: join(folder, "engine.sock") });
  const failure = createPublicSql(store.client).run({ sql: "SELECT 1", format: "TSV" });
  await expect(failure).rejects.toThrow("socket hang up");
  // Nothing was refused.
  await expect(failure).rejects.not.toBeInstanceOf(StoreError);
  await sleep(3 * SLOW_MS);
  process.off("unhandledRejection", note);
  await store.close();
  expect(unhandled).toEqual([]);
});
