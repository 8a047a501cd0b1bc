import { join, resolve } from "node:path";
import type { ClosedSegment } from "../hot/blocks/row-segment.ts";
import { DISK, type Disk } from "./disk.ts";
import type { LoadedSegment } from "./insert-batch.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { recoverSpool, REFUSED_FOLDER } from "./recover.ts";
import { planSegment, readOrNull, verifySegment, writeSegment } from "./segment-files.ts";
import { type SpareFile, SpareFiles } from "./spare-files.ts";
import {
  formatFileName,
  formatManifestName,
  formatSequence,
  readSequence,
  type SegmentSummary,
  TEMPORARY_SUFFIX,
} from "./spool-names.ts";

/** Options of the spool. */
export interface SpoolOptions {
  /** Made when it is not there; nothing else may use it. */
  readonly folder: string;
  /** Disk that it may take, in bytes, beyond the segment that reaches it. */
  readonly maxBytes: number;
  /** For tests: where files are. */
  readonly disk?: Disk;
}

/** A segment that is durable and not yet known to be in the database. */
export interface SpooledSegment {
  readonly summary: SegmentSummary;
  /** `null` when it has to be read: many segments may be waiting. */
  manifest: Manifest | null;
  /** Whether the files are known to be what was acknowledged: those of an earlier process may have been damaged since. */
  isVerified: boolean;
  /** Whether a statement that was given up may still be reading the files. */
  mayBeRead: boolean;
}

/** Manifests in memory at the most; a few hundred bytes each, more with many tenants. */
const MAX_MANIFESTS_IN_MEMORY = 2_000;

/** A folder of segments, in which what is acknowledged is on disk until it is in the database. Only this class removes files from it. */
export class Spool {
  readonly folder: string;
  readonly maxBytes: number;
  /** Told of every new segment. */
  onPublished: () => void = () => {};
  readonly #disk: Disk;
  readonly #generation: number;
  readonly #spares: SpareFiles;
  readonly #queue = new Map<string, SpooledSegment>();
  #number = 0;
  #usedBytes = 0;
  #waitingRows = 0;
  #refused: number;

  /** Opens a folder, with what an earlier process left in it. */
  static async open({ folder, maxBytes, disk = DISK }: SpoolOptions): Promise<Spool> {
    const absolute = resolve(folder);
    const { segments, refused, generation } = await recoverSpool(disk, absolute);
    const spool = new Spool(absolute, maxBytes, disk, generation, refused);
    for (const summary of segments) spool.#enqueue({ summary, manifest: null, isVerified: false, mayBeRead: true });
    return spool;
  }

  private constructor(folder: string, maxBytes: number, disk: Disk, generation: number, refused: number) {
    this.folder = folder;
    this.maxBytes = maxBytes;
    this.#disk = disk;
    this.#spares = new SpareFiles(disk, maxBytes);
    this.#generation = generation;
    this.#refused = refused;
  }

  /** Segments that wait for the database, the next first. */
  get waiting(): Iterable<SpooledSegment> {
    return this.#queue.values();
  }

  /** Whether any of these, by their sequences, is still waiting. */
  holdsAny(sequences: Iterable<string>): boolean {
    for (const sequence of sequences) if (this.#queue.has(sequence)) return true;
    return false;
  }

  get waitingSegments(): number {
    return this.#queue.size;
  }

  get waitingRows(): number {
    return this.#waitingRows;
  }

  /** Disk that is taken, by what is being written as well. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** When the oldest row came that waits, in milliseconds since 1970; `null` without any. */
  get oldestUnixMs(): number | null {
    let oldest: number | null = null;
    for (const { summary } of this.#queue.values())
      if (oldest === null || summary.receivedUnixMs < oldest) oldest = summary.receivedUnixMs;
    return oldest;
  }

  /** Segments that were set aside, since ever. */
  get refusedSegments(): number {
    return this.#refused;
  }

  /** Resolves when the segment would survive a crash. @throws SpoolError `write-failed`, with nothing written */
  async write(closed: ClosedSegment, receivedUnixMs: number): Promise<void> {
    this.#number += 1;
    const planned = planSegment(closed, formatSequence(this.#generation, this.#number), receivedUnixMs);
    this.#usedBytes += planned.summary.sizeBytes;
    try {
      await writeSegment(this.#disk, this.folder, planned, this.#spares);
    } finally {
      this.#usedBytes -= planned.summary.sizeBytes;
    }
    const manifest = this.#queue.size < MAX_MANIFESTS_IN_MEMORY ? planned.manifest : null;
    this.#enqueue({ summary: planned.summary, manifest, isVerified: true, mayBeRead: false });
    this.onPublished();
  }

  /** The segment's manifest, and its files held against it where they were never before. @throws SpoolError `damaged` */
  async load(segment: SpooledSegment): Promise<Manifest> {
    const name = formatManifestName(segment.summary);
    if (segment.manifest === null) {
      const text = await readOrNull(this.#disk, join(this.folder, name));
      segment.manifest = parseManifest(text?.toString("utf8") ?? "", name);
    }
    const { summary, manifest, isVerified } = segment;
    if (!isVerified) await this.verify({ summary, manifest });
    segment.isVerified = true;
    return manifest;
  }

  /** Reads the files and holds them against their checksums. @throws SpoolError `damaged` */
  async verify({ summary, manifest }: LoadedSegment): Promise<void> {
    await verifySegment(this.#disk, this.folder, summary.sequence, manifest);
  }

  /** Remembers that an attempt to insert segments failed: though nobody waits for it any more, it may go on reading their files. */
  noteFailure(segments: readonly Pick<SpooledSegment, "summary">[]): void {
    for (const { summary } of segments) {
      const segment = this.#queue.get(summary.sequence);
      if (segment !== undefined) segment.mayBeRead = true;
    }
  }

  /**
   * Removes segments that are in the database. A crash in between, and a file that cannot be removed once its manifest is gone, leave what
   * no manifest names.
   */
  async remove(segments: readonly LoadedSegment[]): Promise<void> {
    for (const { summary } of segments) {
      const path = join(this.folder, formatManifestName(summary));
      await ignoreMissing(this.#disk.rename(path, path + TEMPORARY_SUFFIX));
    }
    // No file may be gone, or become another's, while its manifest could come back.
    await this.#disk.syncFolder(this.folder);
    for (const { summary, manifest } of segments) {
      const isFree = this.#queue.get(summary.sequence)?.mayBeRead === false;
      for (const file of listSpares(this.folder, summary, manifest))
        if (!isFree || !this.#spares.give(file)) await this.#disk.unlink(file.path).catch(() => {});
      this.#dequeue(summary);
    }
  }

  /** Removes what is kept to be written again. */
  async close(): Promise<void> {
    await this.#spares.clear();
  }

  /** Sets a segment aside, in a folder that is never emptied, so that others can go on. The manifest goes last. */
  async refuse({ summary }: Pick<SpooledSegment, "summary">): Promise<void> {
    const refused = join(this.folder, REFUSED_FOLDER);
    const manifest = formatManifestName(summary);
    const files = (await this.#disk.list(this.folder)).filter((name) => readSequence(name) === summary.sequence);
    for (const name of [...files.filter((each) => each !== manifest), manifest])
      await ignoreMissing(this.#disk.rename(join(this.folder, name), join(refused, name)));
    await this.#disk.syncFolder(refused);
    await this.#disk.syncFolder(this.folder);
    this.#refused += 1;
    this.#dequeue(summary);
  }

  /** Lets all others go first. */
  postpone({ summary: { sequence } }: Pick<SpooledSegment, "summary">): void {
    const segment = this.#queue.get(sequence);
    if (segment === undefined) return;
    this.#queue.delete(sequence);
    this.#queue.set(sequence, segment);
  }

  #enqueue(segment: SpooledSegment): void {
    this.#queue.set(segment.summary.sequence, segment);
    this.#usedBytes += segment.summary.sizeBytes;
    this.#waitingRows += segment.summary.rows;
  }

  #dequeue({ sequence, sizeBytes, rows }: SegmentSummary): void {
    if (!this.#queue.delete(sequence)) return;
    this.#usedBytes -= sizeBytes;
    this.#waitingRows -= rows;
  }
}

/** The files of a segment whose manifest has lost its name. */
function listSpares(folder: string, summary: SegmentSummary, { files }: Manifest): SpareFile[] {
  const manifest = join(folder, formatManifestName(summary) + TEMPORARY_SUFFIX);
  return [
    { kind: "manifest", path: manifest, sizeBytes: 0 },
    ...files.map((file) => ({
      kind: file.table,
      path: join(folder, formatFileName(summary.sequence, file)),
      sizeBytes: file.sizeBytes,
    })),
  ];
}

/** What is done again after a failure finds some of it done. */
async function ignoreMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
