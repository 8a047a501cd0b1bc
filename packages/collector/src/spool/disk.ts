import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncate,
  open,
  openSync,
  rename,
  unlink,
  writev,
} from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** What the spool does with files; everything that it says is done is on disk. */
export interface Disk {
  /** Creates a file that must not exist; out of the file `spare`, when there is one, which may have that name already. */
  write(path: string, blocks: readonly Uint8Array[], spare?: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  read(path: string): Promise<Buffer>;
  list(folder: string): Promise<string[]>;
  /** Makes names of a folder durable. */
  syncFolder(folder: string): Promise<void>;
}

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

// Each segment makes nearly a dozen such calls, and each that goes to the thread pool costs as much CPU as receiving ten spans. So these are
// the functions with callbacks, at half the cost of `node:fs/promises`; and what touches no disk is not sent there: opening what exists,
// asking for its size, closing what is synced.
const openFile = promisify(open);
const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
const truncate = promisify(ftruncate);
const renameFile = promisify(rename);

/** Linux can end each write when it is on disk, which saves a call. Elsewhere the flag says less than a sync does, or is not there. */
const WRITES_ARE_SYNCED = process.platform === "linux";
const SYNCED = WRITES_ARE_SYNCED ? constants.O_DSYNC : 0;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | SYNCED;
const FILE_THAT_IS_THERE = constants.O_WRONLY | SYNCED;

/** The files of this machine. */
export const DISK: Disk = {
  async write(path, blocks, spare) {
    const sizeBytes = blocks.reduce((sum, { length }) => sum + length, 0);
    const reused = spare === undefined ? null : await reuse(spare, path, sizeBytes);
    const fd = reused ?? (await openFile(path, NEW_FILE, FILE_MODE));
    try {
      await writeAll(fd, blocks);
      if (!WRITES_ARE_SYNCED) await syncData(fd);
    } finally {
      closeSync(fd);
    }
  },
  rename: renameFile,
  unlink: promisify(unlink),
  read: (path) => readFile(path),
  async list(folder) {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    return readdir(folder);
  },
  async syncFolder(folder) {
    const fd = openSync(folder, "r");
    try {
      await syncAll(fd);
    } finally {
      closeSync(fd);
    }
  },
};

/** Opens a file that is there, under another name, and not longer than what will be in it; `null` when it is not there. */
async function reuse(from: string, to: string, sizeBytes: number): Promise<number | null> {
  try {
    if (from !== to) await renameFile(from, to);
    const fd = openSync(to, FILE_THAT_IS_THERE);
    if (fstatSync(fd).size > sizeBytes) await truncate(fd, sizeBytes).catch((error: unknown) => fail(fd, error));
    return fd;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function fail(fd: number, error: unknown): never {
  closeSync(fd);
  throw error;
}

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
