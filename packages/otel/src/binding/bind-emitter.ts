import type { EventEmitter } from "node:events";
import { bindAttribution } from "./bind-attribution.ts";

type Listener = (...args: unknown[]) => void;
type Name = string | symbol;
/** A bound listener names the one it stands for in the property in which `EventEmitter` itself looks, so that `off` and `listeners` find it. */
type BoundListener = Listener & { listener: Listener };
type Add = (this: EventEmitter, name: Name, listener: Listener) => EventEmitter;

/** Equal names make equal keys, so that copies of this package bind an emitter once. */
const BOUND = Symbol.for("spancost.bound-emitter");
const ADDING = ["on", "addListener", "prependListener"] as const;
const ADDING_ONCE = [
  ["once", "on"],
  ["prependOnceListener", "prependListener"],
] as const;

/**
 * Makes listeners that are added from now on run in the context in which they were added, and gives the emitter back. An emitter calls its listeners
 * in the context of whoever emits, which with a shared client or socket is another request. Listeners that are there already stay as they are.
 */
export function bindEmitter<Emitter extends EventEmitter>(emitter: Emitter): Emitter {
  if (BOUND in emitter) return emitter;
  // Taken before any of them is replaced: `once` must not bind a second time through the new `on`.
  const additions = ADDING.map((method) => [method, takeMethod(emitter, method)] as const);
  const additionsOnce = ADDING_ONCE.map(([method, add]) => [method, takeMethod(emitter, add)] as const);
  for (const [method, add] of additions) define(emitter, method, addBound(add));
  for (const [method, add] of additionsOnce) define(emitter, method, addBoundOnce(add));
  Object.defineProperty(emitter, BOUND, { value: true });
  return emitter;
}

function addBound(add: Add): Add {
  return function addListener(name, listener) {
    return add.call(this, name, typeof listener === "function" ? bindListener(listener) : listener);
  };
}

function addBoundOnce(add: Add): Add {
  return function addOnceListener(name, listener) {
    if (typeof listener !== "function") return add.call(this, name, listener);
    const bound = bindListener(listener);
    const runOnce: Listener = (...args) => {
      this.removeListener(name, once);
      return bound.apply(this, args);
    };
    const once: BoundListener = Object.assign(runOnce, { listener });
    return add.call(this, name, once);
  };
}

/** Node's own wrapper of `once` names its listener too, and `off` is called with that one. */
function bindListener(listener: Listener): BoundListener {
  const named = "listener" in listener && typeof listener.listener === "function" ? listener.listener : listener;
  return Object.assign(bindAttribution(listener as (this: unknown, ...args: unknown[]) => void), {
    listener: named as Listener,
  });
}

/** A stream has some of them of its own, which start its flow. */
function takeMethod(emitter: EventEmitter, method: (typeof ADDING)[number]): Add {
  return Reflect.get(emitter, method) as Add;
}

function define(emitter: EventEmitter, method: string, value: Add): void {
  Object.defineProperty(emitter, method, { value, configurable: true, writable: true, enumerable: false });
}
