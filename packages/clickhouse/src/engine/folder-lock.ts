import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StoreError } from "../store-error.ts";

/** How long to wait for the engine of a killed process to notice and go. */
const WAIT_FOR_ORPHAN_MS = 5_000;
const POLL_MS = 50;

/** Marks a data folder as taken by this process. @throws StoreError `folder-in-use` while other living processes have it. */
export async function lockFolder(dataDir: string): Promise<void> {
  const file = lockFile(dataDir);
  const deadline = Date.now() + WAIT_FOR_ORPHAN_MS;
  for (;;) {
    try {
      writeFileSync(file, describeProcess(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = readOwners(file).find((each) => describeProcess(pidOf(each)) === each && isAlive(pidOf(each)));
    if (owner === undefined) removeLock(file);
    else if (Date.now() > deadline) throw inUse(dataDir, pidOf(owner));
    else await sleep(POLL_MS);
  }
}

/** Adds the engine's process to the owners: it can outlive a killed parent for a moment. */
export function addOwner(dataDir: string, pid: number): void {
  writeFileSync(lockFile(dataDir), `${describeProcess(process.pid)} ${describeProcess(pid)}`);
}

/** Gives the folder free again. */
export function unlockFolder(dataDir: string): void {
  removeLock(lockFile(dataDir));
}

function lockFile(dataDir: string): string {
  return join(dataDir, "spancost.lock");
}

function readOwners(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .split(" ")
      .filter((owner) => pidOf(owner) > 0);
  } catch {
    return [];
  }
}

/**
 * A process, told apart from another one that gets its id later, as happens in every restarted container: the id and, on Linux, the
 * moment it was started, in clock ticks since the machine was.
 */
function describeProcess(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 22; the name, field 2, can hold anything but ends at the last parenthesis.
    return `${pid}:${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
  } catch {
    return `${pid}:`;
  }
}

function pidOf(owner: string): number {
  return Number.parseInt(owner, 10) || 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function removeLock(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function inUse(dataDir: string, owner: number): StoreError {
  return new StoreError(
    "folder-in-use",
    `The data folder ${dataDir} is in use by process ${owner}. One process at a time can own a folder: stop that one, or choose another folder with --data.`,
  );
}
