import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StoreError } from "../store-error.ts";
import { formatMark, isCertainlyRunning, isRunning, markProcess, parseMark, type ProcessMark } from "./process-mark.ts";

/** Name of the engine's program, as it stands in the command of its process. */
export const ENGINE_PROGRAM = "engine-process";
/** Part of the wait in which the engine of a killed process can notice and go, before it is killed. What it acknowledged is on disk. */
const SHARE_FOR_ORPHAN = 0.3;
/** A lock without contents this old is not just being written. */
const WRITING_MS = 300;
const POLL_MS = 50;

/**
 * Marks a data folder as taken by this process. The engine of a process that was killed is ended when it does not go by itself.
 * @param waitMs for a process that is just stopping
 * @throws StoreError `folder-in-use` while other living processes have it.
 */
export async function lockFolder(dataDir: string, waitMs: number): Promise<void> {
  const file = lockFile(dataDir);
  const startedAt = Date.now();
  for (;;) {
    try {
      writeFileSync(file, formatMark(markProcess(process.pid)), { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const seen = readLock(file);
    const owners = parseOwners(seen);
    const holder = owners.find(isRunning);
    const waitedMs = Date.now() - startedAt;
    if (holder === undefined && !isBeingWritten(file, owners)) removeLock(file, seen);
    else if (waitedMs > waitMs) throw inUse(dataDir, holder?.pid);
    else {
      if (waitedMs > waitMs * SHARE_FOR_ORPHAN) killOrphan(dataDir, owners);
      await sleep(POLL_MS);
    }
  }
}

/** Adds the engine's process to the owners: it can outlive a killed parent for a moment. */
export function addOwner(dataDir: string, pid: number): void {
  const file = lockFile(dataDir);
  const replacement = `${file}.${process.pid}`;
  // Renamed into place: nobody may see half of it.
  writeFileSync(replacement, [process.pid, pid].map((each) => formatMark(markProcess(each))).join(" "));
  renameSync(replacement, file);
}

/** Gives the folder free again. */
export function unlockFolder(dataDir: string): void {
  const file = lockFile(dataDir);
  const seen = readLock(file);
  if (parseOwners(seen)[0]?.pid === process.pid) removeLock(file, seen);
}

/** The owner is the first of the marks, its engine the second. */
function killOrphan(dataDir: string, [owner, engine]: readonly ProcessMark[]): void {
  if (owner === undefined || engine === undefined || isRunning(owner)) return;
  if (!isCertainlyRunning(engine, [ENGINE_PROGRAM, dataDir])) return;
  try {
    process.kill(engine.pid, "SIGKILL");
  } catch {
    // It has just gone, or is not ours to kill: then the folder stays in use, and that is said.
  }
}

function lockFile(dataDir: string): string {
  return join(dataDir, "spancost.lock");
}

function readLock(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function parseOwners(text: string): ProcessMark[] {
  return text
    .split(" ")
    .map(parseMark)
    .filter((owner) => owner !== null);
}

function isBeingWritten(file: string, owners: readonly ProcessMark[]): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return owners.length === 0 && stat !== undefined && Math.abs(Date.now() - stat.mtimeMs) < WRITING_MS;
}

/** Removes the lock that was seen. Another process may have put its own in its place meanwhile: that one is put back. */
function removeLock(file: string, seen: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readLock(aside) === seen) rmSync(aside, { force: true });
    else renameSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function inUse(dataDir: string, owner: number | undefined): StoreError {
  return new StoreError(
    "folder-in-use",
    `The data folder ${dataDir} is in use by process ${owner ?? "(unknown)"}. One process at a time can own a folder: stop that one, or choose another folder with --data.`,
  );
}
