import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClosedSegment } from "../../src/hot/blocks/row-segment.ts";
import type { Logger } from "../../src/index.ts";
import { DISK, type Disk } from "../../src/spool/disk.ts";

/** Folders that are removed with `clear`. */
export class TestFolders {
  readonly #paths: string[] = [];

  create(): string {
    const path = mkdtempSync(join(tmpdir(), "spancost-spool-"));
    this.#paths.push(path);
    return path;
  }

  /** What a crash at this moment would leave. */
  copy(folder: string): string {
    const path = this.create();
    cpSync(folder, path, { recursive: true });
    return path;
  }

  clear(): void {
    for (const path of this.#paths.splice(0)) rmSync(path, { recursive: true, force: true });
  }
}

/** A segment with a file of calls and one of spans, whose bytes say which it is. */
export function segmentOf(name: string, rows = 1, tenantId = "acme"): ClosedSegment {
  const blocks = (kind: string) => [Buffer.from(`${kind} of `), Buffer.from(name)];
  return {
    partitions: [
      { table: "llm_calls", partition: 20_601, rows, blocks: blocks("calls") },
      { table: "otel_traces", partition: 20_602, rows, blocks: blocks("spans") },
    ],
    hours: [{ tenantId, hourUnix: 1_780_000_000 - (1_780_000_000 % 3_600) }],
    release: () => {},
  };
}

/** Files by name, without the folder of refused ones and the generation. */
export function listFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== "refused" && name !== "generation");
}

/** A disk on which `before` sees every step first, and can fail it. */
export function watchDisk(before: (step: string, path: string) => Promise<void> | void): Disk {
  return {
    async write(path, blocks, spare) {
      await before("write", path);
      return DISK.write(path, blocks, spare);
    },
    async rename(from, to) {
      await before("rename", to);
      return DISK.rename(from, to);
    },
    async unlink(path) {
      await before("unlink", path);
      return DISK.unlink(path);
    },
    async syncFolder(folder) {
      await before("sync", folder);
      return DISK.syncFolder(folder);
    },
    read: (path) => DISK.read(path),
    list: (folder) => DISK.list(folder),
  };
}

/** A log that keeps its lines as `level: message`. */
export function createTestLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const log = (level: string) => (_fields: unknown, message: string) => void lines.push(`${level}: ${message}`);
  return { lines, info: log("info"), warn: log("warn"), error: log("error") };
}

export function createErrno(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: a test says so`), { code });
}
