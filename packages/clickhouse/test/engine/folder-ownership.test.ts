import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { startEmbeddedEngine } from "../../src/engine/embedded-engine.ts";
import { formatMark, markProcess } from "../../src/engine/process-mark.ts";
import { ask, isGone, killIfThere, makeDataDir, QUICK, startEngine, startOwner, until } from "./engine-harness.ts";

describe("a data folder", () => {
  it("is refused to a second process, which is told who has it, and the first goes on", async () => {
    const dataDir = makeDataDir();
    const owner = await startOwner(dataDir);
    await expect(startEmbeddedEngine({ dataDir, times: QUICK })).rejects.toMatchObject({
      code: "folder-in-use",
      message: expect.stringContaining(`in use by process ${owner.pid}. One process at a time`),
    });
    expect(await ask(owner.socketPath, "SELECT 1")).toBe("1");
  });

  it("is refused after its engine was started again, too", async () => {
    const { engine, dataDir } = await startEngine();
    killIfThere(engine.pid ?? -1);
    await until(() => engine.restarts.died === 1);
    await expect(startOwner(dataDir)).rejects.toThrow(`in use by process ${process.pid}`);
  });

  it("is taken over from a hanging engine whose owner was killed: that one is killed as well", async () => {
    const dataDir = makeDataDir();
    const owner = await startOwner(dataDir);
    killIfThere(owner.enginePid, "SIGSTOP");
    killIfThere(owner.pid);
    await owner.exited;
    expect(isGone(owner.enginePid)).toBe(false);
    const { engine } = await startEngine({ dataDir });
    expect(isGone(owner.enginePid)).toBe(true);
    expect(await ask(engine.socketPath, "SELECT 1")).toBe("1");
    expect(existsSync(dirname(owner.socketPath))).toBe(false);
  });

  it("is not taken from a hanging engine whose owner lives", async () => {
    const dataDir = makeDataDir();
    const owner = await startOwner(dataDir);
    killIfThere(owner.pid, "SIGSTOP");
    killIfThere(owner.enginePid, "SIGSTOP");
    await expect(startEmbeddedEngine({ dataDir, times: QUICK })).rejects.toMatchObject({ code: "folder-in-use" });
    expect(isGone(owner.enginePid)).toBe(false);
  });

  it("is not taken by killing a process that is no engine, whatever the lock says", async () => {
    const dataDir = makeDataDir();
    const owner = await startOwner(dataDir);
    const innocent = markProcess(process.pid);
    const gone = { pid: owner.pid, startTicks: "1" };
    writeFileSync(join(dataDir, "spancost.lock"), `${formatMark(gone)} ${formatMark(innocent)}`);
    await expect(startEmbeddedEngine({ dataDir, times: QUICK })).rejects.toMatchObject({ code: "folder-in-use" });
  });

  it.each([
    ["an earlier process with the same id", `${process.pid}:1`],
    ["a process that is no more", "4194304:1 4194303:1"],
    ["nobody", "nonsense"],
  ])("is free when its lock names %s", async (_, lock) => {
    const dataDir = makeDataDir();
    writeFileSync(join(dataDir, "spancost.lock"), lock);
    const { engine } = await startEngine({ dataDir });
    expect(readFileSync(join(dataDir, "spancost.lock"), "utf8")).toBe(
      [process.pid, engine.pid ?? -1].map((pid) => formatMark(markProcess(pid))).join(" "),
    );
  });

  it("goes to one of several processes that start at the same time after a crash", async () => {
    const dataDir = makeDataDir();
    const crashed = await startOwner(dataDir);
    killIfThere(crashed.pid);
    killIfThere(crashed.enginePid);
    await crashed.exited;
    const started = await Promise.allSettled([1, 2, 3].map(() => startOwner(dataDir)));
    expect(started.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});
