import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { ClosedSegment, PartitionRows } from "../hot/blocks/row-segment.ts";
import type { Disk } from "./disk.ts";
import { formatManifest, type Manifest } from "./manifest.ts";
import type { SpareFiles } from "./spare-files.ts";
import { SpoolError } from "./spool-error.ts";
import {
  formatFileName,
  formatManifestName,
  type SegmentSummary,
  type SpoolFile,
  TEMPORARY_SUFFIX,
} from "./spool-names.ts";

/** Disks give space in blocks of this size, also for a file of one byte. */
const DISK_BLOCK_BYTES = 4_096;

/** A segment's rows, and what its files will be. */
export interface PlannedSegment {
  readonly summary: SegmentSummary;
  readonly manifest: Manifest;
  readonly manifestText: Buffer;
  readonly partitions: readonly PartitionRows[];
}

export function planSegment(closed: ClosedSegment, sequence: string, receivedUnixMs: number): PlannedSegment {
  const files = closed.partitions.map(toFile);
  const manifest = { files, hours: closed.hours };
  const manifestText = Buffer.from(formatManifest(manifest));
  const sizes = [...files.map(({ sizeBytes }) => sizeBytes), manifestText.length];
  const sizeBytes = sizes.reduce((sum, size) => sum + Math.ceil(size / DISK_BLOCK_BYTES) * DISK_BLOCK_BYTES, 0);
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  return {
    summary: { sequence, rows, sizeBytes, receivedUnixMs },
    manifest,
    manifestText,
    partitions: closed.partitions,
  };
}

function toFile({ table, partition, rows, blocks }: PartitionRows): SpoolFile {
  const sizeBytes = blocks.reduce((sum, { length }) => sum + length, 0);
  return { table, partition, rows, sizeBytes, crc32: blocks.reduce((crc, block) => crc32(block, crc), 0) };
}

/**
 * Writes a segment's files, then gives the manifest its name: from then on the segment is there, before it is not. After a failure
 * nothing is left, or what the next start removes; or, where the manifest cannot be removed, all of it: the next start inserts what its
 * sender was told to send again, which makes no difference.
 * @throws SpoolError `write-failed`
 */
export async function writeSegment(
  disk: Disk,
  folder: string,
  planned: PlannedSegment,
  spares: Pick<SpareFiles, "take">,
): Promise<void> {
  const { summary, manifest, manifestText, partitions } = planned;
  const name = join(folder, formatManifestName(summary));
  const spareManifest = spares.take("manifest");
  // A spare one has such a name already.
  const temporary = spareManifest ?? name + TEMPORARY_SUFFIX;
  const files = manifest.files.map((file, index) => ({
    path: join(folder, formatFileName(summary.sequence, file)),
    blocks: partitions[index]?.blocks ?? [],
    spare: spares.take(file.table),
  }));
  try {
    await settleAll([
      ...files.map(({ path, blocks, spare }) => disk.write(path, blocks, spare)),
      disk.write(temporary, [manifestText], spareManifest),
    ]);
    await disk.rename(temporary, name);
    await disk.syncFolder(folder);
  } catch (cause) {
    // A spare file may still have its own name.
    const paths = [temporary, ...files.flatMap(({ path, spare }) => [path, spare ?? path])];
    // A manifest must not outlive its files: the next start would take them for lost.
    if (await isRemoved(disk, name)) for (const path of paths) await disk.unlink(path).catch(() => {});
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SpoolError("write-failed", `The spool in ${folder} cannot be written: ${why}.`, { cause });
  }
}

/** Whether a file is not there any more, or was not. */
async function isRemoved(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.unlink(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** As `Promise.all`, but nothing is under way any more when it rejects. */
async function settleAll(writes: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(writes);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** Reads a segment's files and holds them against its manifest. @throws SpoolError `damaged` */
export async function verifySegment(disk: Disk, folder: string, sequence: string, manifest: Manifest): Promise<void> {
  for (const file of manifest.files) {
    const name = formatFileName(sequence, file);
    const bytes = await readOrNull(disk, join(folder, name));
    if (bytes === null) throw new SpoolError("damaged", `The file ${name} of the spool is missing.`);
    if (bytes.length !== file.sizeBytes || crc32(bytes) !== file.crc32) {
      throw new SpoolError(
        "damaged",
        `The file ${name} of the spool has ${bytes.length} bytes with checksum ${crc32(bytes)}; it was written with ${file.sizeBytes} and ${file.crc32}.`,
      );
    }
  }
}

/** `null` for a file that is not there. */
export async function readOrNull(disk: Disk, path: string): Promise<Buffer | null> {
  try {
    return await disk.read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
