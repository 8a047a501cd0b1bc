import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const PREFIX = "spancost-";
const SOCKET_NAME = "clickhouse.sock";

/**
 * Makes a folder that only this user can enter, for the engine's socket; the data folder's own path may be too long for one (108 bytes).
 * What a killed process left is removed.
 */
export function createSocketPath(dataDir: string): string {
  const note = noteFile(dataDir);
  try {
    removeSocketDir(readFileSync(note, "utf8"));
  } catch {
    // There is none.
  }
  const socketPath = join(mkdtempSync(join(tmpdir(), PREFIX)), SOCKET_NAME);
  writeFileSync(note, socketPath);
  return socketPath;
}

/** Makes the folder again when a cleaner of temporary files took it. */
export function ensureSocketDir(socketPath: string): void {
  const dir = dirname(socketPath);
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (statSync(dir).uid !== process.getuid?.())
      throw new Error(`${dir} belongs to another user; remove it, or set TMPDIR to a folder of your own`, {
        cause: error,
      });
  }
}

/** Removes the socket and its folder, and what notes them. */
export function removeSocketPath(dataDir: string, socketPath: string): void {
  removeSocketDir(socketPath);
  rmSync(noteFile(dataDir), { force: true });
}

/** Never more than a socket and its empty folder, whatever the note says. */
export function removeSocketDir(socketPath: string): void {
  const dir = dirname(socketPath);
  if (basename(socketPath) !== SOCKET_NAME || !basename(dir).startsWith(PREFIX)) return;
  try {
    rmSync(socketPath, { force: true });
    rmdirSync(dir);
  } catch {
    // Gone already, or not ours.
  }
}

function noteFile(dataDir: string): string {
  return join(dataDir, "spancost.socket");
}
