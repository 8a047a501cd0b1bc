import type { LoadedSegment } from "./insert-batch.ts";
import type { Spool, SpooledSegment } from "./spool.ts";
import { SpoolError } from "./spool-error.ts";

/** Bounds of one attempt beside its segments: rows are gathered in the database's memory. */
const MAX_ROWS = 200_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** The next segments, or the first of them that turns out to be damaged, or that the disk does not give out for now. */
export type TakenSegments =
  | { readonly segments: readonly LoadedSegment[] }
  | { readonly damaged: SpooledSegment; readonly error: SpoolError }
  | { readonly unreadable: SpooledSegment; readonly error: unknown };

/** Takes at most `limit`. */
export async function takeSegments(spool: Spool, limit: number): Promise<TakenSegments> {
  const segments: LoadedSegment[] = [];
  let rows = 0;
  let sizeBytes = 0;
  for (const segment of spool.waiting) {
    if (segments.length >= limit || rows >= MAX_ROWS || sizeBytes >= MAX_BYTES) break;
    try {
      const manifest = await spool.load(segment);
      segments.push({ summary: segment.summary, manifest });
    } catch (error) {
      return error instanceof SpoolError ? { damaged: segment, error } : { unreadable: segment, error };
    }
    rows += segment.summary.rows;
    sizeBytes += segment.summary.sizeBytes;
  }
  return { segments };
}
