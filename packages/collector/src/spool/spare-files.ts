import type { Disk } from "./disk.ts";

/** What a file was, which tells about how large the next one is that it can become. */
export type SpareKind = "manifest" | "llm_calls" | "otel_traces";

/** A file that no manifest names. */
export interface SpareFile {
  readonly kind: SpareKind;
  readonly path: string;
  readonly sizeBytes: number;
}

/** A round of inserts leaves a few dozen segments of three files at the most. */
const MAX_FILES_OF_A_KIND = 64;
const MAX_BYTES = 32 * 1024 * 1024;
/** Part of the spool's bound that spare files may take beside it. */
const MAX_SHARE = 1 / 8;
/** What nobody needed for so long goes: it holds spans that may have to be forgotten. */
const MAX_AGE_MS = 10_000;

/**
 * Files of segments that are in the database, to be written again. Making and removing files costs more than writing them: ext4 passes over
 * every inode that was freed in the last minute. They belong to no manifest any more, so the next start removes what a crash leaves.
 */
export class SpareFiles {
  readonly #disk: Pick<Disk, "unlink">;
  readonly #maxBytes: number;
  readonly #files: Record<SpareKind, (SpareFile & { readonly sinceMs: number })[]> = {
    manifest: [],
    llm_calls: [],
    otel_traces: [],
  };
  #sizeBytes = 0;
  #sweeping: NodeJS.Timeout | undefined;

  /** @param spoolBytes what the spool may take */
  constructor(disk: Pick<Disk, "unlink">, spoolBytes: number) {
    this.#disk = disk;
    this.#maxBytes = Math.min(MAX_BYTES, spoolBytes * MAX_SHARE);
  }

  /** A file to write another one over; it is not spare any more. */
  take(kind: SpareKind): string | undefined {
    // The latest: what was not needed for longest stays at the other end, and ages.
    const file = this.#files[kind].pop();
    if (file !== undefined) this.#sizeBytes -= file.sizeBytes;
    return file?.path;
  }

  /** Whether the file is kept; if not it has to be removed. */
  give(file: SpareFile): boolean {
    const files = this.#files[file.kind];
    if (files.length >= MAX_FILES_OF_A_KIND || this.#sizeBytes + file.sizeBytes > this.#maxBytes) return false;
    files.push({ ...file, sinceMs: performance.now() });
    this.#sizeBytes += file.sizeBytes;
    this.#sweeping ??= setInterval(() => void this.#sweep(MAX_AGE_MS), MAX_AGE_MS / 2).unref();
    return true;
  }

  /** Removes them all. */
  async clear(): Promise<void> {
    await this.#sweep(0);
  }

  async #sweep(minAgeMs: number): Promise<void> {
    const now = performance.now();
    const old: SpareFile[] = [];
    for (const files of Object.values(this.#files)) {
      const kept = files.findIndex(({ sinceMs }) => now - sinceMs < minAgeMs);
      old.push(...files.splice(0, kept < 0 ? files.length : kept));
    }
    for (const { sizeBytes } of old) this.#sizeBytes -= sizeBytes;
    if (Object.values(this.#files).every(({ length }) => length === 0)) {
      clearInterval(this.#sweeping);
      this.#sweeping = undefined;
    }
    // One that cannot be removed is left to the next start.
    for (const { path } of old) await this.#disk.unlink(path).catch(() => {});
  }
}
