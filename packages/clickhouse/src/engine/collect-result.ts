import { type FileHandle, open, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ChdbQueryStream } from "chdb";

/** What is larger stays in a file, so that a few large results at once do not fill the memory. */
const MAX_IN_MEMORY_BYTES = 8 * 1_048_576;

/**
 * Reads a result as fast as the engine gives it: the session is free again however slow the client is, and an error in the middle is
 * known before anything is sent.
 */
export async function collectParts(stream: ChdbQueryStream, scratchDir: string): Promise<Uint8Array | Readable> {
  let parts: Uint8Array[] = [];
  let sizeBytes = 0;
  let file: FileHandle | undefined;
  try {
    for await (const chunk of stream) {
      parts.push(chunk.raw());
      sizeBytes += chunk.numBytes;
      if (file === undefined && sizeBytes <= MAX_IN_MEMORY_BYTES) continue;
      file ??= await openUnnamed(nameResultFile(scratchDir), "wx+");
      for (const part of parts) await file.writeFile(part);
      parts = [];
    }
  } catch (error) {
    await file?.close();
    throw error;
  }
  return file === undefined ? Buffer.concat(parts) : file.createReadStream({ start: 0 });
}

/**
 * Takes over the file that `write` makes.
 * @param write runs the query; the file does not exist before
 */
export async function collectFile<T>(
  scratchDir: string,
  write: (path: string) => Promise<T>,
): Promise<{ readonly data: Uint8Array | Readable; readonly written: T }> {
  const path = nameResultFile(scratchDir);
  try {
    const written = await write(path);
    const { size } = await stat(path);
    const data = size <= MAX_IN_MEMORY_BYTES ? await readFile(path) : (await openUnnamed(path, "r")).createReadStream();
    return { data, written };
  } finally {
    await unlink(path).catch(() => {});
  }
}

function nameResultFile(scratchDir: string): string {
  return join(scratchDir, `result-${crypto.randomUUID()}`);
}

/** A file that is gone when it is closed, also by a crash. */
async function openUnnamed(path: string, flags: string): Promise<FileHandle> {
  const file = await open(path, flags, 0o600);
  await unlink(path);
  return file;
}
