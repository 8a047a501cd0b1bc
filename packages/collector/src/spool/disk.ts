import { close, fdatasync, fsync, open, rename, unlink, writev } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** What the spool does with files; everything that it says is done is on disk. */
export interface Disk {
  /** Creates a file that must not exist. */
  write(path: string, blocks: readonly Uint8Array[]): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  read(path: string): Promise<Buffer>;
  list(folder: string): Promise<string[]>;
  /** Makes names of a folder durable. */
  syncFolder(folder: string): Promise<void>;
}

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

// The functions with callbacks cost half of what `node:fs/promises` does, and each segment makes about ten such calls.
const openFile = promisify(open);
const closeFile = promisify(close);
const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);

/** The files of this machine. */
export const DISK: Disk = {
  async write(path, blocks) {
    const fd = await openFile(path, "wx", FILE_MODE);
    try {
      await writeAll(fd, blocks);
      await syncData(fd);
    } finally {
      await closeFile(fd);
    }
  },
  rename: promisify(rename),
  unlink: promisify(unlink),
  read: (path) => readFile(path),
  async list(folder) {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    return readdir(folder);
  },
  async syncFolder(folder) {
    const fd = await openFile(folder, "r");
    try {
      await syncAll(fd);
    } finally {
      await closeFile(fd);
    }
  },
};

/** A full disk can take a part of the bytes, and say so only at the next attempt. */
async function writeAll(fd: number, blocks: readonly Uint8Array[]): Promise<void> {
  let rest = blocks.filter(({ length }) => length > 0);
  while (rest.length > 0) rest = dropBytes(rest, await writeBlocks(fd, rest));
}

function writeBlocks(fd: number, blocks: readonly Uint8Array[]): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, blocks, (error, written) => (error === null ? resolve(written) : reject(error)));
  });
}

function dropBytes(blocks: readonly Uint8Array[], count: number): Uint8Array[] {
  let rest = count;
  const left: Uint8Array[] = [];
  for (const block of blocks) {
    if (rest < block.length) left.push(block.subarray(rest));
    rest = Math.max(rest - block.length, 0);
  }
  return left;
}
