import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { LoadOrder, LoadResult } from "./load-messages.ts";

const CHILD = fileURLToPath(new URL("./load-child.ts", import.meta.url));

/** A load generator in a process of its own. */
export class LoadProcess {
  readonly #child: ChildProcess;

  static async start(): Promise<LoadProcess> {
    const child = fork(CHILD, [], { execArgv: ["--no-warnings"] });
    await once(child, "message");
    return new LoadProcess(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  async run(order: LoadOrder): Promise<LoadResult> {
    // JSON has no Infinity.
    const batchesPerSecond = finite(order.batchesPerSecond);
    this.#child.send({ ...order, batchesPerSecond, batches: finite(order.batches), forMs: finite(order.forMs) });
    const ended = once(this.#child, "exit").then(() => null);
    const result = await Promise.race([once(this.#child, "message").then(([message]) => message as LoadResult), ended]);
    if (result === null) throw new Error("The load generator ended.");
    return result;
  }

  stop(): void {
    this.#child.kill();
  }
}

function finite(value: number): number {
  return Math.min(value, Number.MAX_SAFE_INTEGER);
}
