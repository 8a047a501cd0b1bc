import type { EventEmitter } from "node:events";
import { bindEmitter } from "../binding/bind-emitter.ts";
import { reportFailure } from "../report-failure.ts";

type Listener = (...args: unknown[]) => void;
type Name = string | symbol;
type Add = (this: EventEmitter, name: Name, listener: Listener) => EventEmitter;

/** Equal names make equal keys, so that copies of this package meet a message once. */
const MET = Symbol.for("spancost.bound-message");
const APPENDING = ["on", "addListener", "once"] as const;
const PREPENDING = ["prependListener", "prependOnceListener"] as const;

/**
 * Makes listeners of a request or response run in the context in which they are added; what is no emitter is left alone. Node calls them in the context
 * of the connection, an HTTP instrumentation in the context of its span.
 */
export function bindMessage(message: unknown): void {
  if (!isEmitter(message)) return;
  try {
    if (MET in message) return;
    Object.defineProperty(message, MET, { value: true });
    const isPatched = Object.hasOwn(message, "on");
    bindEmitter(message);
    if (isPatched) nameListeners(message);
  } catch (error) {
    reportFailure("propagator_failed", "a request's listeners could not be bound, they run unattributed", error);
  }
}

/**
 * An instrumentation's own binding wraps our bound listener once more, and its wrapper does not name the listener it stands for: Node would not find it
 * to remove it.
 */
function nameListeners(emitter: EventEmitter): void {
  for (const method of APPENDING) wrapAddition(emitter, method, (listeners) => listeners.at(-1));
  for (const method of PREPENDING) wrapAddition(emitter, method, (listeners) => listeners.at(0));
}

function wrapAddition(
  emitter: EventEmitter,
  method: (typeof APPENDING)[number] | (typeof PREPENDING)[number],
  findAdded: (listeners: readonly unknown[]) => unknown,
): void {
  const add = Reflect.get(emitter, method) as Add;
  const value: Add = function addNamed(name, listener) {
    const result = add.call(this, name, listener);
    const added = findAdded(this.rawListeners(name));
    if (typeof added === "function" && added !== listener && !("listener" in added)) {
      Object.assign(added, { listener: "listener" in listener ? listener.listener : listener });
    }
    return result;
  };
  Object.defineProperty(emitter, method, { value, configurable: true, writable: true, enumerable: false });
}

function isEmitter(value: unknown): value is EventEmitter {
  return typeof value === "object" && value !== null && "on" in value && "rawListeners" in value;
}
