import type { ObservedBody } from "../../calls/observed-call.ts";

/** How long a stream that was released unfinished may wait to be taken again, in milliseconds. */
export const RELEASED_STREAM_MS = 5_000;
/** A body that nobody reads is given up after two looks at it: after this many milliseconds, twice as long at most. */
const UNREAD_BODY_MS = 5 * 60 * 1000;

/** Bodies that are not at their end, and how much of each was read at the last look. They hold no response. */
const open = new Map<ObservedBody, number>();
const NEVER_SEEN = -1;
let sweeper: object | undefined;

/** Remembers a body until it is closed; one that the app left without a word is given up some minutes later. */
export function addOpenBody(body: ObservedBody): void {
  open.set(body, NEVER_SEEN);
  sweeper ??= startTimer(sweep, UNREAD_BODY_MS);
}

export function removeOpenBody(body: ObservedBody): void {
  open.delete(body);
}

/** Gives a released body up unless the returned function is called within seconds. */
export function abandonSoon(body: ObservedBody): () => void {
  const timer = startTimer(() => body.abandon(), RELEASED_STREAM_MS);
  return () => clearTimeout(timer as ReturnType<typeof setTimeout> | undefined);
}

function sweep(): void {
  sweeper = undefined;
  for (const [body, piecesRead] of open) {
    if (!body.isAwaited && body.piecesRead === piecesRead) body.abandon();
    else open.set(body, body.piecesRead);
  }
  if (open.size > 0) sweeper = startTimer(sweep, UNREAD_BODY_MS);
}

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
