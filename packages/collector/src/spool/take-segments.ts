import type { LoadedSegment } from "./insert-batch.ts";
import type { Spool, SpooledSegment } from "./spool.ts";
import { SpoolError } from "./spool-error.ts";

/** Bounds of one attempt beside its segments: rows are gathered in the database's memory. */
const MAX_ROWS = 200_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** The next segments, at most `limit`, or the first one that turns out to be damaged. */
export async function takeSegments(
  spool: Spool,
  limit: number,
): Promise<{ readonly segments: readonly LoadedSegment[] } | { readonly damaged: SpooledSegment; error: SpoolError }> {
  const segments: LoadedSegment[] = [];
  let rows = 0;
  let sizeBytes = 0;
  for (const segment of spool.waiting) {
    if (segments.length >= limit || rows >= MAX_ROWS || sizeBytes >= MAX_BYTES) break;
    try {
      const manifest = await spool.load(segment);
      segments.push({ summary: segment.summary, manifest });
    } catch (error) {
      if (error instanceof SpoolError) return { damaged: segment, error };
      throw error;
    }
    rows += segment.summary.rows;
    sizeBytes += segment.summary.sizeBytes;
  }
  return { segments };
}
