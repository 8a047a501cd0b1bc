import { constants, createGzip } from "node:zlib";

/** Compresses pieces into one gzip stream, so that what came of it can be read piece by piece; times do not change the bytes. */
export async function compressPieces(pieces: readonly (string | Uint8Array)[]): Promise<readonly Uint8Array[]> {
  const gzip = createGzip();
  const compressed: Uint8Array[] = [];
  gzip.on("data", (bytes: Uint8Array) => compressed.push(bytes));
  const takeAll = (): Uint8Array => Buffer.concat(compressed.splice(0));
  const frames: Uint8Array[] = [];
  for (const piece of pieces) {
    gzip.write(piece);
    await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    frames.push(takeAll());
  }
  await new Promise<void>((resolve) => gzip.end(() => resolve()));
  const last = Buffer.concat([frames.pop() ?? Buffer.alloc(0), takeAll()]);
  return [...frames, last];
}
