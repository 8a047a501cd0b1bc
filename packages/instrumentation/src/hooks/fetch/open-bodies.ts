import type { ObservedBody } from "../../calls/observed-call.ts";

/** How long a stream that was released unfinished may wait to be taken again, in milliseconds. */
export const RELEASED_STREAM_MS = 5_000;
/** A body that nobody reads is given up after two looks at it: after this many milliseconds, twice as long at most. */
const UNREAD_BODY_MS = 5 * 60 * 1000;

/** How long to wait, in milliseconds. */
interface Waits {
  readonly releasedStreamMs: number;
  readonly unreadBodyMs: number;
}

const NEVER_SEEN = -1;

/** Bodies that are not at their end. Holds no response. */
export class OpenBodies {
  /** How much of each was read at the last look. */
  readonly #open = new Map<ObservedBody, number>();
  readonly #waits: Waits;
  #sweeper: object | undefined;

  constructor(waits: Waits) {
    this.#waits = waits;
  }

  /** Remembers a body until it is closed; one that the app left without a word is given up at the second look. */
  add(body: ObservedBody): void {
    this.#open.set(body, NEVER_SEEN);
    if (this.#sweeper === undefined) this.#sweeper = this.#startSweeper();
  }

  delete(body: ObservedBody): void {
    this.#open.delete(body);
  }

  /** Gives a released body up unless the returned function is called in time. */
  abandonSoon(body: ObservedBody): () => void {
    const timer = startTimer(() => body.abandon(), this.#waits.releasedStreamMs);
    return () => clearTimeout(timer as ReturnType<typeof setTimeout> | undefined);
  }

  #startSweeper(): object | undefined {
    return startTimer(() => this.#sweep(), this.#waits.unreadBodyMs);
  }

  #sweep(): void {
    for (const [body, piecesRead] of this.#open) {
      if (!body.isAwaited && body.piecesRead === piecesRead) body.abandon();
      else this.#open.set(body, body.piecesRead);
    }
    this.#sweeper = this.#open.size > 0 ? this.#startSweeper() : undefined;
  }
}

/** Those of the hook of `fetch`. */
export const OPEN_BODIES = new OpenBodies({ releasedStreamMs: RELEASED_STREAM_MS, unreadBodyMs: UNREAD_BODY_MS });

/** A timer that does not keep the process alive; none where the runtime has no such timers. */
function startTimer(run: () => void, delayMs: number): object | undefined {
  const { setTimeout: start } = globalThis.process?.getBuiltinModule?.("node:timers") ?? globalThis;
  const timer: unknown = start(run, delayMs);
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
    timer.unref();
    return timer;
  }
  clearTimeout(timer as number);
  return undefined;
}
