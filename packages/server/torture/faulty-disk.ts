import type { Disk } from "@spancost/collector";
import type { DiskFault } from "./server-messages.ts";

/** A share of what a disk that is about to fail does goes wrong. */
const FLAKY_SHARE = 0.3;

/** Files that can be made to fail, as a full or a broken disk does. */
export class FaultyDisk implements Disk {
  fault: DiskFault = "none";
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  async write(path: string, blocks: readonly Uint8Array[], spare?: string): Promise<void> {
    if (this.fault === "full") {
      // What fits is there.
      const part = blocks.map((block) => block.subarray(0, Math.floor(block.length / 2)));
      await this.#disk.write(path, part, spare);
      throw failure("ENOSPC", "no space left on device");
    }
    this.#mayFail();
    await this.#disk.write(path, blocks, spare);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#mayFail();
    await this.#disk.rename(from, to);
  }

  async unlink(path: string): Promise<void> {
    this.#mayFail();
    await this.#disk.unlink(path);
  }

  async read(path: string): Promise<Buffer> {
    this.#mayFail();
    return this.#disk.read(path);
  }

  list(folder: string): Promise<string[]> {
    return this.#disk.list(folder);
  }

  async syncFolder(folder: string): Promise<void> {
    this.#mayFail();
    await this.#disk.syncFolder(folder);
  }

  #mayFail(): void {
    if (this.fault === "flaky" && Math.random() < FLAKY_SHARE) throw failure("EIO", "i/o error");
  }
}

function failure(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
