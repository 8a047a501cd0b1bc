import { readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { HourKey } from "@spancost/clickhouse";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Inserter, type InserterOptions, type InsertTarget } from "../../src/spool/inserter.ts";
import { Spool } from "../../src/spool/spool.ts";
import { createTestLogger, listFiles, segmentOf, TestFolders } from "./spool-folder.ts";

const folders = new TestFolders();
const NOW = 1_780_000_000_000;
const LONG_MS = 20_000;

afterEach(() => folders.clear());

interface Insert {
  readonly table: string;
  readonly files: number;
  readonly finish: () => void;
}

/** A database whose inserts end when the test says so, or at once. */
function createTarget({ isAutomatic }: { isAutomatic: boolean }) {
  const inserts: Insert[] = [];
  const state = { isAway: false, isAutomatic, answers: true };
  const target: InsertTarget = {
    insertFiles: (table, paths) =>
      new Promise((resolve, reject) => {
        if (state.isAway) return reject(new Error("connect ECONNREFUSED"));
        inserts.push({ table, files: paths.length, finish: resolve });
        return state.isAutomatic ? resolve() : undefined;
      }),
    isReady: async () => state.answers && !state.isAway,
  };
  return { target, inserts, state };
}

/** Marks that remember what was asked of them. */
function createMarks() {
  const events: string[] = [];
  const begin = async (keys: Iterable<HourKey>) => {
    events.push(`begin ${[...keys].map(({ tenantId }) => tenantId).join(",")}`);
    return {
      refresh: async () => void events.push("refresh"),
      done: () => void events.push("done"),
    };
  };
  return { events, marks: { begin } };
}

async function start(options: Partial<InserterOptions> & Pick<InserterOptions, "target">) {
  const folder = folders.create();
  const spool = await Spool.open({ folder, maxBytes: 1e9 });
  const logger = createTestLogger();
  const { events, marks } = createMarks();
  const inserter = new Inserter({
    spool,
    logger,
    marks,
    minIntervalMs: 0,
    backoff: { firstMs: 1, maxMs: 5 },
    ...options,
  });
  return { folder, spool, logger, events, inserter };
}

const waitUntil = (isTrue: () => boolean) => vi.waitUntil(isTrue, { timeout: LONG_MS, interval: 2 });

describe("the inserter", () => {
  it("puts what comes during an insert into the next one, a statement a table and partition", async () => {
    const { target, inserts, state } = createTarget({ isAutomatic: false });
    const { spool, inserter, folder } = await start({ target });
    inserter.start();
    await spool.write(segmentOf("a"), NOW);
    await waitUntil(() => inserts.length === 2);
    for (const name of ["b", "c", "d"]) await spool.write(segmentOf(name), NOW);
    expect(inserts.map(({ table, files }) => [table, files])).toEqual([
      ["otel_traces", 1],
      ["llm_calls", 1],
    ]);
    state.isAutomatic = true;
    for (const { finish } of inserts) finish();
    await waitUntil(() => spool.waitingSegments === 0);
    expect(inserts.slice(2).map(({ table, files }) => [table, files])).toEqual([
      ["otel_traces", 3],
      ["llm_calls", 3],
    ]);
    await inserter.stop(LONG_MS);
    await spool.close();
    expect([listFiles(folder), inserter.counters.insertedSegments, inserter.counters.insertedRows]).toEqual([[], 4, 8]);
  });

  it("waits between small inserts, and not when it is idle or much is waiting", async () => {
    const { target, inserts } = createTarget({ isAutomatic: true });
    const { spool, inserter } = await start({ target, minIntervalMs: LONG_MS * 10 });
    inserter.start();
    await spool.write(segmentOf("a"), NOW);
    await waitUntil(() => spool.waitingSegments === 0);
    for (let index = 0; index < 20; index += 1) await spool.write(segmentOf(`b${index}`), NOW);
    expect(inserts).toHaveLength(2);
    for (let index = 0; index < 300; index += 1) await spool.write(segmentOf(`c${index}`), NOW);
    await waitUntil(() => spool.waitingSegments < 300);
    await inserter.stop(LONG_MS);
    expect(spool.waitingSegments).toBe(0);
  });

  it("tries for ever while the database is away, says so once, and loses and doubles nothing", async () => {
    const { target, inserts, state } = createTarget({ isAutomatic: true });
    const { spool, inserter, logger, folder } = await start({ target });
    inserter.start();
    state.isAway = true;
    for (const name of ["a", "b", "c"]) await spool.write(segmentOf(name), NOW);
    await waitUntil(() => (inserter.counters.failures.get("away") ?? 0) > 5);
    expect([spool.waitingSegments, listFiles(folder).length]).toEqual([3, 9]);
    state.isAway = false;
    await waitUntil(() => spool.waitingSegments === 0);
    expect(inserts.filter(({ table }) => table === "llm_calls").reduce((sum, { files }) => sum + files, 0)).toBe(3);
    expect(logger.lines).toEqual([
      "warn: spans cannot be inserted; they stay in the spool and are tried again",
      "info: spans are inserted again",
    ]);
    await inserter.stop(LONG_MS);
  });

  it("lets others go first when the database falls silent at one segment", async () => {
    const { target, inserts } = createTarget({ isAutomatic: true });
    const deadly = new Set<string>();
    let isDeadly = true;
    const { spool, inserter } = await start({
      target: {
        ...target,
        insertFiles: async (table, paths) => {
          if (isDeadly && paths.some((path) => deadly.has(basename(path).split(".")[0] ?? "")))
            throw new Error("socket hang up");
          return target.insertFiles(table, paths);
        },
      },
    });
    for (let index = 0; index < 40; index += 1) await spool.write(segmentOf(`${index}`), NOW);
    deadly.add([...spool.waiting][7]?.summary.sequence ?? "");
    inserter.start();
    await waitUntil(() => spool.waitingSegments === 1);
    expect([spool.refusedSegments, inserts.length > 0]).toEqual([0, true]);
    isDeadly = false;
    await waitUntil(() => spool.waitingSegments === 0);
    await inserter.stop(LONG_MS);
  });

  it("marks hours before each attempt, and gives them free when all rows are known to be there", async () => {
    const { target, state } = createTarget({ isAutomatic: true });
    const { spool, inserter, events } = await start({ target });
    state.isAway = true;
    await spool.write(segmentOf("a", 1, "acme"), NOW);
    await spool.write(segmentOf("b", 1, "globex"), NOW);
    inserter.start();
    await waitUntil(() => events.includes("refresh"));
    expect(events.slice(0, 2)).toEqual(["begin acme,globex", "refresh"]);
    state.isAway = false;
    await waitUntil(() => spool.waitingSegments === 0);
    await inserter.stop(LONG_MS);
    expect(events.at(-1)).toBe("done");
    expect(events.filter((event) => event !== "refresh")).toEqual(["begin acme,globex", "done"]);
  });

  it("sets a damaged segment aside, loudly, and goes on with the others", async () => {
    const { target } = createTarget({ isAutomatic: true });
    const { folder, spool } = await start({ target });
    for (const name of ["a", "b", "c"]) await spool.write(segmentOf(name), NOW);
    const damaged = listFiles(folder).find((name) => name.includes("-0000000002.otel"));
    writeFileSync(join(folder, damaged ?? "?"), "other bytes");
    const next = await Spool.open({ folder, maxBytes: 1e9 });
    const logger = createTestLogger();
    const inserter = new Inserter({ spool: next, logger, marks: createMarks().marks, target, minIntervalMs: 0 });
    inserter.start();
    await waitUntil(() => next.waitingSegments === 0);
    expect([next.refusedSegments, readdirSync(join(folder, "refused")).length]).toEqual([1, 3]);
    expect([inserter.counters.insertedSegments, inserter.counters.failures.get("damaged")]).toEqual([2, 1]);
    expect(logger.lines).toEqual([expect.stringMatching(/^error: a segment cannot be inserted and was set aside/)]);
    await inserter.stop(LONG_MS);
  });
});

describe("the end of an inserter", () => {
  it("inserts what waits, without a pause", async () => {
    const { target } = createTarget({ isAutomatic: true });
    const { spool, inserter } = await start({ target, minIntervalMs: LONG_MS * 10 });
    inserter.start();
    await spool.write(segmentOf("a"), NOW);
    await waitUntil(() => spool.waitingSegments === 0);
    await spool.write(segmentOf("b"), NOW);
    await Promise.all([inserter.stop(LONG_MS), inserter.stop(LONG_MS)]);
    expect(spool.waitingSegments).toBe(0);
  });

  it("leaves the rest to the next start when the database is away", async () => {
    const { target, state } = createTarget({ isAutomatic: true });
    const { spool, inserter, folder } = await start({ target });
    state.isAway = true;
    inserter.start();
    await spool.write(segmentOf("a"), NOW);
    await inserter.stop(LONG_MS);
    expect([spool.waitingSegments, listFiles(folder).length]).toEqual([1, 3]);
  });

  it("does not wait for ever for an insert that hangs", async () => {
    const { target, inserts } = createTarget({ isAutomatic: false });
    const { spool, inserter, folder } = await start({ target });
    inserter.start();
    await spool.write(segmentOf("a"), NOW);
    await waitUntil(() => inserts.length > 0);
    await inserter.stop(1);
    expect(listFiles(folder)).toHaveLength(3);
    for (const { finish } of inserts) finish();
  });

  it("is at once where it was never started", async () => {
    const { target, inserts } = createTarget({ isAutomatic: true });
    const { spool, inserter } = await start({ target });
    await spool.write(segmentOf("a"), NOW);
    await inserter.stop(LONG_MS);
    expect([inserts, spool.waitingSegments]).toEqual([[], 1]);
  });
});
