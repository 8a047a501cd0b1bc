import type { Readable } from "node:stream";
import { bindAttribution } from "../binding/bind-attribution.ts";
import { bindStream } from "../binding/bind-stream.ts";
import { reportFailure } from "../report-failure.ts";

type Method = (this: unknown, ...args: unknown[]) => unknown;

const BOUND = Symbol.for("spancost.bound-body");
const GENERATOR_METHODS = ["next", "return", "throw"] as const;

/**
 * Makes what a handler answered with run in the context in which this is called, when the framework pulls it after the handler has ended: a stream of
 * Node or of the Fetch standard, a `Response`, an async generator, Nest's `StreamableFile`. Changes it in place; anything else is left alone.
 */
export function bindBody(body: unknown): void {
  try {
    if (!isObject(body) || Object.hasOwn(body, BOUND)) return;
    if (isFunction(body["pipe"]) && isFunction(body["_read"])) bindStream(body as object as Readable);
    else if (isFunction(body["getReader"])) bindWebStream(body);
    else if (isFunction(body["getStream"])) bindBody(body["getStream"]());
    else if (typeof Response === "function" && body instanceof Response) bindBody(body.body);
    else if (isFunction(body["next"]) && Symbol.asyncIterator in body) bindMethods(body, GENERATOR_METHODS);
  } catch (error) {
    reportFailure("propagator_failed", "a response's body could not be bound, it is made unattributed", error);
  }
}

/** A source is pulled by whoever reads; a pipe reads on its own, in the context in which it was started. */
function bindWebStream(stream: Record<string | symbol, unknown>): void {
  bindMethods(stream, ["cancel", "pipeTo", "pipeThrough"]);
  wrapMethod(stream, "getReader", (reader) => bindMethods(reader, ["read", "cancel"]));
  for (const iterate of ["values", Symbol.asyncIterator]) {
    wrapMethod(stream, iterate, (iterator) => bindMethods(iterator, GENERATOR_METHODS));
  }
  wrapMethod(stream, "tee", (branches) => {
    if (Array.isArray(branches)) for (const branch of branches) bindBranch(branch);
  });
}

const bindBranch = (branch: unknown): void => bindBody(branch);

function bindMethods(target: unknown, names: readonly string[]): void {
  if (!isObject(target)) return;
  for (const name of names) {
    const method = target[name];
    if (isFunction(method)) define(target, name, bindAttribution(method));
  }
  define(target, BOUND, true);
}

/** Binds what a method gives as well, in the same context. */
function wrapMethod(
  target: Record<string | symbol, unknown>,
  name: string | symbol,
  bind: (given: unknown) => void,
): void {
  const method = target[name];
  if (!isFunction(method)) return;
  const bindGiven = bindAttribution(bind);
  define(target, name, function callBound(this: unknown, ...args: unknown[]) {
    const given = method.apply(this, args);
    bindGiven(given);
    return given;
  });
}

function define(target: object, name: string | symbol, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });
}

function isObject(value: unknown): value is Record<string | symbol, unknown> {
  return typeof value === "object" && value !== null;
}

function isFunction(value: unknown): value is Method {
  return typeof value === "function";
}
