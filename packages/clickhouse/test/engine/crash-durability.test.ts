import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import {
  ask,
  askUntilAnswered,
  killIfThere,
  makeDataDir,
  type Owner,
  startEngine,
  startOwner,
} from "./engine-harness.ts";

const ROUNDS = 10;
const WRITERS = 3;
const ROWS = 200;
const TABLE =
  "CREATE TABLE IF NOT EXISTS d.t (batch UInt32, n UInt32, filler String) ENGINE = MergeTree ORDER BY (batch, n) PARTITION BY batch % 3 SETTINGS old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1";

/** Writes batches until the connection breaks; the numbers of those that were answered go to `acknowledged`. */
async function write(socketPath: string, next: () => number, acknowledged: Set<number>): Promise<void> {
  for (;;) {
    const batch = next();
    const rows = Array.from({ length: ROWS }, (_, n) => `${batch}\t${n}\tfiller ${"x".repeat(n)}\n`);
    try {
      await ask(socketPath, "INSERT INTO d.t (batch, n, filler) FORMAT TSV", { body: Buffer.from(rows.join("")) });
    } catch (error) {
      // Anything but a broken connection is a refusal that must not happen.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return;
    }
    acknowledged.add(batch);
  }
}

async function findMissing(socketPath: string, acknowledged: ReadonlySet<number>): Promise<number[]> {
  const answer = await askUntilAnswered(
    socketPath,
    `SELECT batch FROM d.t GROUP BY batch HAVING uniqExact(n) = ${ROWS}`,
  );
  const whole = new Set(answer.split("\n").map(Number));
  return [...acknowledged].filter((batch) => !whole.has(batch));
}

describe("what was acknowledged is there", () => {
  const kills: [string, (owner: Owner) => void][] = [
    ["the server's process", ({ pid }) => killIfThere(pid)],
    [
      "the server's process and then the engine's",
      ({ pid, enginePid }) => [pid, enginePid].forEach((each) => killIfThere(each)),
    ],
    [
      "the engine's process and then the server's",
      ({ pid, enginePid }) => [enginePid, pid].forEach((each) => killIfThere(each)),
    ],
  ];

  it.each(kills)(
    "after kill -9 of %s in the middle of inserts, again and again",
    async (_, kill) => {
      const dataDir = makeDataDir();
      const acknowledged = new Set<number>();
      let batch = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const owner = await startOwner(dataDir);
        await ask(owner.socketPath, "CREATE DATABASE IF NOT EXISTS d");
        await ask(owner.socketPath, TABLE);
        expect(await findMissing(owner.socketPath, acknowledged)).toEqual([]);
        const before = acknowledged.size;
        const writers = Array.from({ length: WRITERS }, () =>
          write(owner.socketPath, () => (batch += 1), acknowledged),
        );
        while (acknowledged.size < before + 4) await sleep(1);
        await sleep(round * 3);
        kill(owner);
        await Promise.all(writers);
        await owner.exited;
      }
      const { engine } = await startEngine({ dataDir });
      expect(await findMissing(engine.socketPath, acknowledged)).toEqual([]);
    },
    120_000,
  );

  it("after kill -9 of the engine under a server that goes on, again and again", async () => {
    const { engine } = await startEngine();
    const { socketPath } = engine;
    const acknowledged = new Set<number>();
    let batch = 0;
    await ask(socketPath, "CREATE DATABASE d");
    await ask(socketPath, TABLE);
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = acknowledged.size;
      const writers = Array.from({ length: WRITERS }, () => write(socketPath, () => (batch += 1), acknowledged));
      while (acknowledged.size < before + 4) await sleep(1);
      await sleep(round * 3);
      killIfThere(engine.pid ?? -1);
      await Promise.all(writers);
      expect(await findMissing(socketPath, acknowledged)).toEqual([]);
    }
  }, 120_000);

  it("after kill -9 of an idle server, an idle engine and both", async () => {
    const dataDir = makeDataDir();
    for (const [index, [, kill]] of kills.entries()) {
      const owner = await startOwner(dataDir);
      await ask(owner.socketPath, "CREATE DATABASE IF NOT EXISTS d");
      await ask(owner.socketPath, TABLE);
      await ask(owner.socketPath, `INSERT INTO d.t SELECT ${index}, number, '' FROM numbers(${ROWS})`);
      await sleep(100);
      kill(owner);
      await owner.exited;
    }
    const { engine } = await startEngine({ dataDir });
    expect(await findMissing(engine.socketPath, new Set(kills.keys()))).toEqual([]);
  });
});
