import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;
const BYTES_PER_KIB = 1_024;

/** Memory of a process in bytes, on Linux; 0 elsewhere, or when it is gone. */
export function readRssBytes(pid: number): number {
  const [, kib = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, "status")) ?? [];
  return Number(kib) * BYTES_PER_KIB;
}

/** CPU time of a process in milliseconds, all threads, on Linux; 0 elsewhere. */
export function readCpuMs(pid: number): number {
  const stat = readProc(pid, "stat");
  // Fields 14 and 15; the name, field 2, ends at the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1_000) / TICKS_PER_SECOND;
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
