import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ChdbQueryStream } from "chdb";

/** Formats whose parts, put together, are the whole; JSON and the like begin a new document with each part. */
const STREAMABLE_FORMATS: ReadonlySet<string> = new Set([
  "Native",
  "RowBinary",
  "JSONEachRow",
  "JSONCompactEachRow",
  "CSV",
  "TSV",
  "TabSeparated",
  "TSVRaw",
  "TabSeparatedRaw",
]);
const SELECT = /^\s*(?:SELECT|WITH)\b/i;
const LAST_FORMAT = /\bFORMAT\s+(\w+)\s*;?\s*$/i;
/** A comment could hold the FORMAT that is found, or follow the one that counts; INTO and SETTINGS can follow it too. */
const UNSURE = /--|#|\/\*|\b(?:FORMAT|INTO|INSERT)\b/i;
/** What is larger goes through a file, so that a few large results at once do not fill the memory. */
const MAX_IN_MEMORY_BYTES = 8 * 1_048_576;

/** Whether the result of a statement may be read in parts. @param format of the result when the statement names none */
export function isStreamable(sql: string, format: string): boolean {
  if (!SELECT.test(sql)) return false;
  const last = LAST_FORMAT.exec(sql);
  return STREAMABLE_FORMATS.has(last?.[1] ?? format) && !UNSURE.test(last === null ? sql : sql.slice(0, last.index));
}

/**
 * Reads a result as fast as the engine gives it: the session is free again however slow the client is, and an error in the middle is
 * known before anything is sent.
 */
export async function collectResult(stream: ChdbQueryStream, scratchDir: string): Promise<Uint8Array | Readable> {
  let parts: Uint8Array[] = [];
  let sizeBytes = 0;
  let file: FileHandle | undefined;
  try {
    for await (const chunk of stream) {
      parts.push(chunk.raw());
      sizeBytes += chunk.numBytes;
      if (file === undefined && sizeBytes <= MAX_IN_MEMORY_BYTES) continue;
      file ??= await openUnnamed(scratchDir);
      for (const part of parts) await file.writeFile(part);
      parts = [];
    }
  } catch (error) {
    await file?.close();
    throw error;
  }
  return file === undefined ? Buffer.concat(parts) : file.createReadStream({ start: 0 });
}

/** A file that is gone when it is closed, also by a crash. */
async function openUnnamed(scratchDir: string): Promise<FileHandle> {
  const path = join(scratchDir, `result-${crypto.randomUUID()}`);
  const file = await open(path, "wx+", 0o600);
  await unlink(path);
  return file;
}
