import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { isRunning, markProcess } from "../../src/engine/process-mark.ts";
import { until } from "./engine-harness.ts";

const canRun = process.platform === "linux" && spawnSync("python3", ["--version"]).status === 0;
/** Its first thread ends, as a killed process's can while others wait for the disk; the other one goes on. */
const PROGRAM = `
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(0)
`;

it.skipIf(!canRun)(
  "a process whose first thread has ended runs until the others have (skipped without Linux and Python)",
  async () => {
    const child = spawn("python3", ["-c", PROGRAM]);
    const pid = child.pid ?? -1;
    const mark = markProcess(pid);
    await until(() => / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8")));
    expect(isRunning(mark)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isRunning(mark)).toBe(false);
  },
);
