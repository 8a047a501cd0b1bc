import type { ClientRequest, IncomingMessage } from "node:http";
import type { StreamFilter } from "@spancost/llm-wire";
import type { AskedUsage } from "../../calls/start-call.ts";
import type { CallStarter } from "../hook.ts";
import { reportFailure } from "../wire/guard.ts";
import { type Method, ObservedMethods } from "../wire/observed-methods.ts";
import { RequestBody } from "../wire/request-body.ts";
import { WireCall } from "../wire/wire-call.ts";
import { exchangeBody, isWholeBody, rememberAnswer } from "./ask-for-usage.ts";
import { createStreamFilter, pushFiltered } from "./filter-stream.ts";
import { readHead } from "./request-head.ts";

/**
 * Watches one request through own methods before its class's: a listener of ours would change what the app's listeners, or
 * their absence, mean. Its body is what is written; its span starts when that is at its end, or when an answer comes earlier.
 */
export function observeRequest(request: ClientRequest, origin: string, calls: CallStarter): void {
  const head = readHead(request, origin);
  if (!calls.isClaimed(head.method, head.url)) return;
  REQUEST.observe(request, new ObservedRequest(request, new WireCall(calls, head)));
}

class ObservedRequest {
  readonly #request: ClientRequest;
  readonly #call: WireCall;
  readonly #body = new RequestBody();
  #response: IncomingMessage | undefined;
  /** Given up by the app, which Node then reports as a connection that broke, or as what the app gave for a reason. */
  #left: { readonly error: unknown } | undefined;
  #hasBody = false;
  #asked: AskedUsage | undefined;
  #isOver = false;
  #filter: StreamFilter | undefined;

  constructor(request: ClientRequest, call: WireCall) {
    this.#request = request;
    this.#call = call;
  }

  onWrite(args: unknown[], isLast: boolean): void {
    const isWhole = !this.#hasBody && isWholeBody(this.#request, args, isLast);
    this.#hasBody ||= args[0] !== undefined && args[0] !== null && typeof args[0] !== "function";
    this.#body.collect(args[0], args[1], isLast || isWhole);
    if (!isLast && !isWhole) return;
    if (!this.#start() || !isWhole) return;
    const asked = this.#call.askForUsage();
    if (asked === undefined) return;
    exchangeBody(this.#request, args, asked);
    this.#asked = asked;
  }

  #start(): boolean {
    const isCall = this.#call.start(() => this.#body.takeText());
    if (!isCall) this.#stop();
    return isCall;
  }

  #stop(): void {
    this.#isOver = true;
    REQUEST.release(this.#request);
    // The filter goes on.
    if (this.#response !== undefined && this.#filter === undefined) RESPONSE.release(this.#response);
  }

  /** A response is destroyed by Node as well, when the connection broke; the request says so by then. */
  leave(reason: unknown): void {
    if (!this.#request.destroyed) this.#left ??= { error: isTimeout(reason) ? reason : undefined };
  }

  onEvent(name: unknown, detail: unknown): void {
    if (name === "response") this.#onResponse(detail as IncomingMessage);
    else if (name === "upgrade" || name === "connect") this.#onTaken(detail as IncomingMessage);
    else if (name === "error" && this.#response === undefined) this.#breakOff(detail);
    else if (name === "close") this.#breakOff(this.#response?.errored ?? undefined);
  }

  #onResponse(response: IncomingMessage): void {
    this.#response = response;
    if (this.#asked !== undefined) {
      rememberAnswer(this.#request, response.statusCode);
      this.#filter = createStreamFilter(response, this.#asked);
      if (this.#filter !== undefined) RESPONSE.observe(response, this);
    }
    if (!this.#start()) return;
    const readHeader = (name: string) => readIncoming(response, name);
    if (!this.#call.respond(response.statusCode ?? 0, readHeader)) return this.#stop();
    RESPONSE.observe(response, this);
  }

  /** In the place of the response's `push`. */
  push(args: unknown[], original: Method, response: IncomingMessage): unknown {
    if (!this.#isOver) this.#observeBytes(response, args);
    return this.#filter === undefined
      ? Reflect.apply(original, response, args)
      : pushFiltered(this.#filter, args, original, response);
  }

  #observeBytes(response: IncomingMessage, [chunk, encoding]: readonly unknown[]): void {
    try {
      this.#onBytes(response, chunk, encoding);
    } catch (error) {
      reportFailure("observing the response's bytes", error);
    }
  }

  #onBytes(response: IncomingMessage, chunk: unknown, encoding: unknown): void {
    if (chunk instanceof Uint8Array) this.#call.readBytes(chunk);
    // Nothing but stand-ins for Node's parser pushes text.
    else if (typeof chunk === "string") this.#call.readBytes(Buffer.from(chunk, toEncoding(encoding)));
    // Otherwise it broke off, and the request's "close" comes.
    else if (chunk === null && response.complete) this.#finish();
  }

  /** The connection is the app's from here on. */
  #onTaken(response: IncomingMessage): void {
    if (this.#start() && this.#call.respond(response.statusCode ?? 0, () => null)) this.#call.complete();
    this.#stop();
  }

  #finish(): void {
    this.#call.complete();
    this.#stop();
  }

  #breakOff(error: unknown): void {
    if (this.#start()) this.#call.breakOff(this.#left === undefined ? error : this.#left.error);
    this.#stop();
  }
}

const REQUEST = new ObservedMethods<ObservedRequest>({
  write: (observed, args) => observed.onWrite(args, false),
  end: (observed, args) => observed.onWrite(args, true),
  destroy: (observed, [reason]) => observed.leave(reason),
  emit: (observed, [name, detail]) => observed.onEvent(name, detail),
});
const RESPONSE = new ObservedMethods<ObservedRequest>(
  { destroy: (observed, [reason]) => observed.leave(reason) },
  { push: (observed, args, original, self) => observed.push(args, original, self as IncomingMessage) },
);

function readIncoming(response: IncomingMessage, name: string): string | null {
  const value = response.headers[name];
  return Array.isArray(value) ? value.join(", ") : (value ?? null);
}

function toEncoding(encoding: unknown): BufferEncoding {
  return typeof encoding === "string" && Buffer.isEncoding(encoding) ? encoding : "utf8";
}

/** Whether the app gave a request up because it took too long: that is a failure, which an abort is not. */
function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === "TimeoutError";
}
