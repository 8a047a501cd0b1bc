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
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = readOwners(file).find(isAlive);
    if (owner === undefined) removeLock(file);
    else if (Date.now() > deadline) throw inUse(dataDir, owner);
    else await sleep(POLL_MS);
  }
}

/** Adds the engine's process to the owners: it can outlive a killed parent for a moment. */
export function addOwner(dataDir: string, pid: number): void {
  writeFileSync(lockFile(dataDir), `${process.pid} ${pid}`);
}

/** Gives the folder free again. */
export function unlockFolder(dataDir: string): void {
  removeLock(lockFile(dataDir));
}

function lockFile(dataDir: string): string {
  return join(dataDir, "spancost.lock");
}

function readOwners(file: string): number[] {
  try {
    return readFileSync(file, "utf8")
      .split(" ")
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
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
