import { diag } from "@opentelemetry/api";

/** What is flushed when the process ends. */
export interface ExitWork {
  /** Sends what is queued; takes its time, up to a bound of its own. */
  flush(): Promise<void>;
  /** Sends what is still queued at once, when nothing can be waited for any more. */
  flushSynchronously(): void;
}

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/**
 * Flushes when the process ends: of itself, by a signal, by `process.exit` or by an error. What the process would have done
 * otherwise it still does: a signal that nobody else listens to ends it, with that signal.
 * @returns takes the listeners out again
 */
export function flushAtExit(work: ExitWork): () => void {
  const flush = () => work.flush().catch((error: unknown) => diag.error("spancost: flushing at exit failed", error));
  const onBeforeExit = () => void flush();
  const onExit = () => {
    try {
      work.flushSynchronously();
    } catch (error) {
      diag.error("spancost: flushing at exit failed", error);
    }
  };
  const onSignal = (signal: NodeJS.Signals) => {
    // Whoever else listens decides how the process ends, and `exit` comes then.
    const isAlone = process.listenerCount(signal) === 1;
    void flush().finally(() => {
      if (!isAlone) return;
      process.off(signal, onSignal);
      process.kill(process.pid, signal);
    });
  };
  process.once("beforeExit", onBeforeExit);
  process.once("exit", onExit);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    process.off("beforeExit", onBeforeExit);
    process.off("exit", onExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
