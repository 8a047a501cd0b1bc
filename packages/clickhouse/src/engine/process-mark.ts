import { readFileSync } from "node:fs";

/**
 * A process, told apart from another one that gets its id later, as happens in every restarted container: the id and, on Linux, the
 * moment it was started, in clock ticks since the machine was. Elsewhere the moment is empty.
 */
export interface ProcessMark {
  readonly pid: number;
  readonly startTicks: string;
}

/** Marks a process as it is now. */
export function markProcess(pid: number): ProcessMark {
  return { pid, startTicks: readStat(pid)?.startTicks ?? "" };
}

/** Whether this very process runs; `true` in doubt. */
export function isRunning(mark: ProcessMark): boolean {
  if (!hasProcess(mark.pid)) return false;
  const stat = readStat(mark.pid);
  if (stat === null) return true;
  return !hasEnded(stat) && stat.startTicks === mark.startTicks;
}

/** Whether this very process certainly runs a command that contains all of `words`; `false` where the system does not tell. */
export function isCertainlyRunning(mark: ProcessMark, words: readonly string[]): boolean {
  if (mark.startTicks === "" || !isRunning(mark) || readStat(mark.pid) === null) return false;
  try {
    const command = readFileSync(`/proc/${mark.pid}/cmdline`, "utf8");
    return words.every((word) => command.includes(word));
  } catch {
    return false;
  }
}

export function formatMark({ pid, startTicks }: ProcessMark): string {
  return `${pid}:${startTicks}`;
}

/** Reads what `formatMark` wrote; `null` for anything else. */
export function parseMark(text: string): ProcessMark | null {
  const [, pid, startTicks = ""] = /^([1-9]\d*):(\d*)$/.exec(text) ?? [];
  return pid === undefined ? null : { pid: Number(pid), startTicks };
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * A zombie has ended; in a container nobody may ever collect it. But its first thread is one already while others, which wait for a disk, hold
 * files and locks.
 */
function hasEnded({ state, threads }: ProcessStat): boolean {
  return (state === "Z" || state === "X") && threads <= 1;
}

interface ProcessStat {
  readonly state: string;
  readonly threads: number;
  readonly startTicks: string;
}

function readStat(pid: number): ProcessStat | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields 3, 20 and 22; the name, field 2, can hold anything but ends at the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", threads: Number(fields[17]), startTicks: fields[19] ?? "" };
  } catch {
    return null;
  }
}
