import type { EventEmitter } from "node:events";
import { bindAttribution } from "./bind-attribution.ts";
import { bindEmitter } from "./bind-emitter.ts";

/** What a stream's author implements; Node calls them in the context of whoever writes, reads or pushes. */
const IMPLEMENTED = ["_read", "_write", "_writev", "_final", "_destroy"] as const;
/** The same of a transform, whose reading, writing and end are Node's own: with another `_final` in place Node would flush twice. */
const IMPLEMENTED_BY_TRANSFORM = ["_transform", "_flush", "_destroy"] as const;

/**
 * Makes a stream's own work (`read`, `write`, `transform`, `flush`, `final`, `destroy`) run in the context in which it is bound, and listeners added from now
 * on in theirs; gives the stream back. For stages of a `pipeline` that a shared source feeds.
 */
export function bindStream<Stream extends EventEmitter>(stream: Stream): Stream {
  for (const method of "_transform" in stream ? IMPLEMENTED_BY_TRANSFORM : IMPLEMENTED) {
    const implementation: unknown = Reflect.get(stream, method);
    if (typeof implementation !== "function") continue;
    const value = bindAttribution(implementation as (this: unknown, ...args: unknown[]) => unknown);
    Object.defineProperty(stream, method, { value, configurable: true, writable: true, enumerable: false });
  }
  return bindEmitter(stream);
}
