import { constants } from "node:os";
import { diag } from "@opentelemetry/api";

/** What is flushed when the process ends. */
export interface ExitWork {
  /** Sends what is queued, and takes its time. */
  flush(): Promise<void>;
  /** Sends what is still queued before it returns, within the time in milliseconds; what cannot be sent is reported as lost. */
  flushSynchronously(timeoutMs: number): void;
}

/** Longest time in milliseconds that the end of a process is held up. */
const EXIT_TIME_MS = 3_000;
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/**
 * Flushes when the process ends: of itself, by a signal, by `process.exit` or by an error. What the process would have done otherwise it
 * still does, three seconds later at most: a signal that nobody else listens to ends it, with that signal; a second one at once.
 * @returns takes the listeners out again
 */
export function flushAtExit(work: ExitWork): () => void {
  const exit = new ExitFlush(work);
  const onBeforeExit = () => void exit.flushBeforeExit();
  const onExit = () => exit.flushSynchronously();
  const onSignal = (signal: NodeJS.Signals) => {
    // The next one does what it would without us.
    process.off(signal, onSignal);
    void exit.flushOnSignal(signal);
  };
  process.once("beforeExit", onBeforeExit);
  process.once("exit", onExit);
  // First, so that a `once` listener of the app is still there to be counted.
  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  return () => {
    process.off("beforeExit", onBeforeExit);
    process.off("exit", onExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

class ExitFlush {
  readonly #work: ExitWork;
  #leftMs = EXIT_TIME_MS;

  constructor(work: ExitWork) {
    this.#work = work;
  }

  async flushBeforeExit(): Promise<void> {
    const isDone = await this.#flush();
    // A receiver that does not answer would hold the process up. Somebody else who waits here still has work to do.
    if (!isDone && process.listenerCount("beforeExit") === 0) process.exit();
  }

  async flushOnSignal(signal: NodeJS.Signals): Promise<void> {
    if (process.listenerCount(signal) > 0) {
      // Whoever listens decides how the process ends.
      this.#flushBeforeKill(signal);
      await this.#flush();
      return;
    }
    // No `exit` comes after a signal: what is left is said here.
    if (!(await this.#flush())) this.flushSynchronously();
    endBySignal(signal);
  }

  flushSynchronously(): void {
    try {
      this.#work.flushSynchronously(this.#leftMs);
    } catch (error) {
      diag.error("spancost: flushing at exit failed", error);
    }
    this.#leftMs = 0;
  }

  /** Libraries that listen in order to clean up send the signal again when they have, and no `exit` comes then (signal-exit does so). */
  #flushBeforeKill(signal: NodeJS.Signals): void {
    const kill = process.kill.bind(process);
    process.kill = (pid, sent) => {
      if (pid === process.pid && sent === signal && process.listenerCount(signal) === 0) this.flushSynchronously();
      return kill(pid, sent);
    };
  }

  /** Whether it was done in time; if not, there is no time left for anything else. */
  async #flush(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), this.#leftMs);
    });
    const done = this.#work.flush().then(
      () => true,
      (error: unknown) => {
        diag.error("spancost: flushing at exit failed", error);
        return true;
      },
    );
    const isDone = await Promise.race([done, late]);
    clearTimeout(timer);
    if (!isDone) this.#leftMs = 0;
    return isDone;
  }
}

function endBySignal(signal: NodeJS.Signals): void {
  try {
    process.kill(process.pid, signal);
  } catch {
    // Deno lets a process signal itself only with a permission. By a shell's convention, 128 and the number means the signal.
    process.exit(128 + constants.signals[signal]);
  }
}
