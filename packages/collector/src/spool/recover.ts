import { join } from "node:path";
import type { Disk } from "./disk.ts";
import {
  parseManifestName,
  readGeneration,
  readSequence,
  type SegmentSummary,
  TEMPORARY_SUFFIX,
} from "./spool-names.ts";

/** What a start finds in the folder. */
export interface RecoveredSpool {
  /** In their order. */
  readonly segments: readonly SegmentSummary[];
  /** How many segments were set aside. */
  readonly refused: number;
  /** Higher than that of any earlier start. */
  readonly generation: number;
}

/** Where segments go that cannot be inserted. */
export const REFUSED_FOLDER = "refused";
const GENERATION_FILE = "generation";

/**
 * Takes over a folder: what no manifest names was never acknowledged, or is inserted already, and is removed. Manifests are not read, so
 * a full spool is open in a moment.
 */
export async function recoverSpool(disk: Disk, folder: string): Promise<RecoveredSpool> {
  const names = await disk.list(folder);
  const refusedNames = await disk.list(join(folder, REFUSED_FOLDER));
  const segments = names.flatMap((name) => parseManifestName(name) ?? []);
  const published = new Set(segments.map(({ sequence }) => sequence));
  for (const name of names) {
    const sequence = readSequence(name);
    const isLeft = name.endsWith(TEMPORARY_SUFFIX) || (sequence !== "" && !published.has(sequence));
    if (isLeft) await disk.unlink(join(folder, name));
  }
  const earlier = [await readGenerationFile(disk, folder), ...[...names, ...refusedNames].map(readGeneration)];
  const generation = earlier.reduce((highest, each) => Math.max(highest, each)) + 1;
  await writeGenerationFile(disk, folder, generation);
  return {
    segments: segments.toSorted((a, b) => (a.sequence < b.sequence ? -1 : 1)),
    refused: refusedNames.filter((name) => parseManifestName(name) !== null).length,
    generation,
  };
}

async function readGenerationFile(disk: Disk, folder: string): Promise<number> {
  const text = await disk.read(join(folder, GENERATION_FILE)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.from("0");
    throw error;
  });
  const generation = Number(text.toString("utf8"));
  return Number.isSafeInteger(generation) ? generation : 0;
}

async function writeGenerationFile(disk: Disk, folder: string, generation: number): Promise<void> {
  const path = join(folder, GENERATION_FILE);
  await disk.write(path + TEMPORARY_SUFFIX, [Buffer.from(String(generation))]);
  await disk.rename(path + TEMPORARY_SUFFIX, path);
  await disk.syncFolder(folder);
}
