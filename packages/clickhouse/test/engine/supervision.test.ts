import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startEmbeddedEngine } from "../../src/engine/embedded-engine.ts";
import {
  ask,
  askUntilAnswered,
  isGone,
  killIfThere,
  makeDataDir,
  QUICK,
  startEngine,
  until,
} from "./engine-harness.ts";

/** Several seconds of work on any machine; the rows come from nothing, so memory stays small. */
const LONG_QUERY = "SELECT sum(cityHash64(number, number + 1, number + 2)) FROM numbers(40000000000)";

/** Finds a hanging engine in two seconds. */
const HASTY = { ...QUICK, heartbeat: { intervalMs: 20, timeoutMs: 1_000 } };

describe("an engine that is killed", () => {
  it("is started again behind the same socket, and what was written is there", async () => {
    const { engine, events } = await startEngine();
    const { socketPath, pid } = engine;
    await ask(socketPath, "CREATE DATABASE d");
    await ask(socketPath, "CREATE TABLE d.t (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1");
    await ask(socketPath, "INSERT INTO d.t SELECT number FROM numbers(1000)");
    killIfThere(pid ?? -1);
    expect(await askUntilAnswered(socketPath, "SELECT count() FROM d.t")).toBe("1000");
    await until(() => events.length === 2);
    expect(engine.socketPath).toBe(socketPath);
    expect(engine.pid).not.toBe(pid);
    expect(engine.restarts).toEqual({ died: 1, unresponsive: 0 });
    expect(events).toEqual([
      { type: "died", pid, reason: "died", detail: expect.stringContaining("SIGKILL") },
      { type: "restarted", pid: engine.pid, reason: "died", downMs: expect.any(Number) },
    ]);
  });

  it("breaks requests under way and connections kept alive with a connection error, and the next ones work", async () => {
    const { engine } = await startEngine();
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    await Promise.all([1, 2, 3, 4].map(() => ask(engine.socketPath, "SELECT 1", { agent })));
    const broken = expect(ask(engine.socketPath, LONG_QUERY)).rejects.toMatchObject({ code: "ECONNRESET" });
    await until(async () => (await ask(engine.socketPath, "SELECT count() FROM system.processes")) === "2");
    const { pid } = engine;
    killIfThere(pid ?? -1);
    await broken;
    await until(() => engine.pid === null);
    await expect(ask(engine.socketPath, "SELECT 1", { agent })).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await until(() => engine.restarts.died === 1);
    expect(await ask(engine.socketPath, "SELECT 1", { agent })).toBe("1");
    agent.destroy();
  });

  it("comes back every time, without end", async () => {
    const { engine } = await startEngine();
    for (let round = 1; round <= 8; round += 1) {
      killIfThere(engine.pid ?? -1);
      await until(() => engine.restarts.died === round);
    }
    expect(await ask(engine.socketPath, "SELECT 1")).toBe("1");
  });

  it("is tried again, with its complaint told, while it cannot start", async () => {
    const { engine, events } = await startEngine();
    const socketDir = dirname(engine.socketPath);
    // A file in place of the folder stands for whatever keeps an engine from starting, also for a test run as root.
    rmSync(socketDir, { recursive: true });
    writeFileSync(socketDir, "in the way");
    killIfThere(engine.pid ?? -1);
    await until(() => events.filter(({ type }) => type === "cannot-start").length >= 3);
    expect(engine.pid).toBeNull();
    expect(events[1]).toMatchObject({
      type: "cannot-start",
      attempt: 1,
      error: { code: "engine-not-started", message: expect.stringContaining("before it was ready") },
    });
    rmSync(socketDir);
    expect(await askUntilAnswered(engine.socketPath, "SELECT 1")).toBe("1");
    await until(() => engine.restarts.died === 1);
  });

  it("goes on being supervised by a listener that throws", async () => {
    const { engine } = await startEngine({
      onEvent: () => {
        throw new Error("the log is full");
      },
    });
    killIfThere(engine.pid ?? -1);
    await until(() => engine.restarts.died === 1);
    expect(await ask(engine.socketPath, "SELECT 1")).toBe("1");
  });
});

describe("an engine that hangs", () => {
  it("is killed and started again", async () => {
    const { engine, events } = await startEngine({ times: HASTY });
    const { pid } = engine;
    killIfThere(pid ?? -1, "SIGSTOP");
    await until(() => engine.restarts.unresponsive === 1);
    expect(await ask(engine.socketPath, "SELECT 1")).toBe("1");
    expect(isGone(pid ?? -1)).toBe(true);
    expect(events[0]).toEqual({
      type: "died",
      pid,
      reason: "unresponsive",
      detail: expect.stringContaining("no answer within 1000 ms"),
    });
    expect(engine.restarts).toEqual({ died: 0, unresponsive: 1 });
  });

  it("is not one whose sessions are all busy, with more queries waiting", async () => {
    const { engine, events } = await startEngine({ times: HASTY });
    const { pid, socketPath } = engine;
    const queries = Array.from({ length: 8 }, () => ask(socketPath, LONG_QUERY).catch(() => {}));
    await sleep(3_000);
    expect(events).toEqual([]);
    expect(engine.pid).toBe(pid);
    await engine.stop();
    await Promise.all(queries);
  });

  it("is not one that has no memory left for queries", async () => {
    const { engine, events } = await startEngine({ maxMemoryBytes: 150_000_000, maxQueryMemoryBytes: 1_000_000_000 });
    const greedy = "SELECT length(groupArray(number)) FROM numbers(1000000000)";
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ask(engine.socketPath, greedy).catch((error: unknown) => String(error))),
    );
    for (const answer of answers) expect(answer).toContain("MEMORY_LIMIT_EXCEEDED");
    expect(events).toEqual([]);
  });
});

describe("stopping an engine", () => {
  it("ends its process and leaves neither socket, lock nor scratch files, also the second time", async () => {
    const { engine, dataDir } = await startEngine();
    const { pid, socketPath } = engine;
    await Promise.all([engine.stop(), engine.stop()]);
    await engine.stop();
    expect(isGone(pid ?? -1)).toBe(true);
    expect(existsSync(dirname(socketPath))).toBe(false);
    expect(readdirSync(dataDir)).toEqual(["clickhouse"]);
  });

  it("does not wait for queries under way", async () => {
    const { engine, dataDir } = await startEngine();
    const query = ask(engine.socketPath, LONG_QUERY).catch(() => "cut");
    await until(async () => (await ask(engine.socketPath, "SELECT count() FROM system.processes")) === "2");
    await engine.stop();
    expect(await query).toBe("cut");
    expect(readdirSync(dataDir)).toEqual(["clickhouse"]);
  });

  it("is final also while it is being started again", async () => {
    const { engine, dataDir } = await startEngine();
    killIfThere(engine.pid ?? -1);
    await until(() => engine.pid === null);
    await engine.stop();
    expect(engine.restarts.died).toBe(0);
    expect(engine.pid).toBeNull();
    const next = await startEmbeddedEngine({ dataDir });
    await next.stop();
  });
});

describe("an engine that cannot start at all", () => {
  it("says so, and leaves the folder free", async () => {
    const dataDir = makeDataDir();
    writeFileSync(join(dataDir, "clickhouse"), "a file where the folder must be");
    await expect(startEmbeddedEngine({ dataDir })).rejects.toMatchObject({
      code: "engine-not-started",
      message: expect.stringContaining(`See that ${dataDir} is a writable folder`),
    });
    rmSync(join(dataDir, "clickhouse"));
    const engine = await startEmbeddedEngine({ dataDir });
    await engine.stop();
  });
});
