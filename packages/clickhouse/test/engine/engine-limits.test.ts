import { describe, expect, it } from "vitest";
import { chooseMemory } from "../../src/engine/engine-settings.ts";
import { ask, killIfThere, startEngine, until } from "./engine-harness.ts";

const MIB = 1_048_576;

function serverSetting(name: string): string {
  return `SELECT value FROM system.server_settings WHERE name = '${name}'`;
}

describe("the engine's memory", () => {
  it("is by default half of the machine or container, at most 4 GiB, and half of that for one query", () => {
    const { totalBytes, queryBytes } = chooseMemory();
    expect(totalBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeLessThanOrEqual(4_096 * MIB);
    expect(queryBytes).toBe(Math.floor(totalBytes / 2));
    expect(chooseMemory(1_000, 300)).toEqual({ totalBytes: 1_000, queryBytes: 300 });
  });

  it("is capped for all queries and caches together, also after a restart", async () => {
    const { engine } = await startEngine({ maxMemoryBytes: 800 * MIB });
    const check = async () => {
      expect(await ask(engine.socketPath, serverSetting("max_server_memory_usage"))).toBe(String(800 * MIB));
      for (const cache of ["mark", "primary_index", "index_mark", "compiled_expression", "query_condition"]) {
        const sizeBytes = Number(await ask(engine.socketPath, serverSetting(`${cache}_cache_size`)));
        expect(sizeBytes).toBeGreaterThan(0);
        expect(sizeBytes).toBeLessThanOrEqual(50 * MIB);
      }
      expect(await ask(engine.socketPath, serverSetting("uncompressed_cache_size"))).toBe("0");
      const greedy = "SELECT length(groupArray(number)) FROM numbers(1000000000)";
      // Its own limit is off: the one of the engine stands.
      await expect(ask(engine.socketPath, greedy, { settings: { max_memory_usage: 0 } })).rejects.toThrow(
        /\(total\) memory limit exceeded/,
      );
    };
    await check();
    killIfThere(engine.pid ?? -1);
    await until(() => engine.restarts.died === 1);
    await check();
  });

  it("is capped for a query, which sorts and groups on disk instead", async () => {
    const { engine } = await startEngine({ maxMemoryBytes: 800 * MIB });
    const { socketPath } = engine;
    await expect(ask(socketPath, "SELECT length(groupArray(number)) FROM numbers(1000000000)")).rejects.toThrow(
      /Query memory limit exceeded/,
    );
    expect(await ask(socketPath, "SELECT count() FROM (SELECT number FROM numbers(20000000) GROUP BY number)")).toBe(
      "20000000",
    );
  });

  it("is the same for the next query in a session whose last one asked for more", async () => {
    const { engine } = await startEngine({ sessions: 1, maxMemoryBytes: 800 * MIB });
    const read = "SELECT getSetting('max_memory_usage'), getSetting('max_threads') = 1, getSetting('async_insert')";
    const settings = { max_memory_usage: 5, max_threads: 1, async_insert: 1 };
    const before = await ask(engine.socketPath, read);
    expect(before).toBe(`${400 * MIB}\t0\tfalse`);
    await ask(engine.socketPath, "SELECT 1", { settings: { ...settings, max_memory_usage: 500 * MIB } });
    // A query that fails, and one whose settings are wrong.
    await ask(engine.socketPath, "SELECT nothing", { settings }).catch(() => {});
    await ask(engine.socketPath, "SELECT 1", { settings: { ...settings, no_such_setting: 1 } }).catch(() => {});
    expect(await ask(engine.socketPath, read)).toBe(before);
  });
});
