import { createReadStream, openSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** Read at once on this thread: a file that was just written is in memory, and handing it to another thread takes longer. */
const MAX_SMALL_BYTES = 65_536;
/** What is larger stays in a file, so that a few large results at once do not fill the memory. */
const MAX_IN_MEMORY_BYTES = 8 * 1_048_576;

/**
 * Takes over the file that `write` makes: the session is free again however slow the client is, and an error in the middle is known before
 * anything is sent.
 * @param write runs the query; the file does not exist before
 */
export async function collectFile<T>(
  scratchDir: string,
  write: (path: string) => Promise<T>,
): Promise<{ readonly data: Uint8Array | Readable; readonly written: T }> {
  const path = join(scratchDir, `result-${crypto.randomUUID()}`);
  try {
    const written = await write(path);
    return { data: await take(path), written };
  } finally {
    try {
      unlinkSync(path);
    } catch {
      // The query failed before there was one.
    }
  }
}

async function take(path: string): Promise<Uint8Array | Readable> {
  const { size } = statSync(path);
  if (size <= MAX_SMALL_BYTES) return readFileSync(path);
  if (size <= MAX_IN_MEMORY_BYTES) return readFile(path);
  // Open, it is there until it is read or closed, and gone after a crash.
  return createReadStream("", { fd: openSync(path, "r") });
}
