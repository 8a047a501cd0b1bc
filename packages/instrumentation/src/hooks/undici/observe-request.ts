import type { CallStarter } from "../hook.ts";
import { RequestBody } from "../wire/request-body.ts";
import { ObservedMethods } from "../wire/observed-methods.ts";
import { WireCall } from "../wire/wire-call.ts";
import { type UndiciRequest, readHead, readHeader } from "./undici-request.ts";

const FIRST_FINAL_STATUS = 200;
const SWITCHING_PROTOCOLS = 101;

/** One claimed request of undici, as the methods tell that undici calls on it. */
export class ObservedRequest {
  readonly #request: UndiciRequest;
  readonly #call: WireCall;
  readonly #body = new RequestBody();
  #isCall = true;

  constructor(request: UndiciRequest, url: string, calls: CallStarter) {
    this.#request = request;
    this.#call = new WireCall(calls, readHead(request, url));
    const { body } = request;
    const isAtHand = body === null || body === undefined || body instanceof Uint8Array;
    if (isAtHand) {
      this.#body.collect(body, undefined, true);
      if (!this.start()) return;
    }
    (isAtHand ? ANSWERS : EVERYTHING).observe(request, this);
  }

  /** False when it is known to be nobody's call. */
  get isCall(): boolean {
    return this.#isCall;
  }

  onBody(chunk: unknown): void {
    this.#body.collect(chunk, undefined);
  }

  start(): boolean {
    const isCall = this.#call.start(() => this.#body.takeText());
    if (!isCall) this.#stop();
    return isCall;
  }

  onHeaders(status: unknown, headers: unknown): void {
    // An upgrade over HTTP/2 says its status later.
    const known = typeof status === "number" ? status : SWITCHING_PROTOCOLS;
    if (known < FIRST_FINAL_STATUS && known !== SWITCHING_PROTOCOLS) return;
    if (this.start() && !this.#call.respond(known, (name) => readHeader(headers, name))) this.#stop();
  }

  onChunk(chunk: unknown): void {
    if (chunk instanceof Uint8Array) this.#call.readBytes(chunk);
  }

  onComplete(): void {
    this.#call.complete();
    this.#stop();
  }

  onError(error: unknown): void {
    if (this.start()) this.#call.breakOff(error);
    this.#stop();
  }

  #stop(): void {
    this.#isCall = false;
    ANSWERS.release(this.#request);
    EVERYTHING.release(this.#request);
  }
}

type Tell = (observed: ObservedRequest, args: readonly unknown[]) => void;

const onHeaders: Tell = (observed, [status, headers]) => observed.onHeaders(status, headers);
const onData: Tell = (observed, [chunk]) => observed.onChunk(chunk);
const onUpgrade: Tell = (observed, [status, headers]) => {
  observed.onHeaders(status, headers);
  observed.onComplete();
};
const onError: Tell = (observed, [error]) => observed.onError(error);
const onComplete: Tell = (observed) => observed.onComplete();

/** The methods of undici 5 to 7, and what 8 calls them. */
const BEFORE_ANSWERS = {
  onHeaders,
  onResponseStart: onHeaders,
  onData,
  onResponseData: onData,
  onUpgrade,
  onRequestUpgrade: onUpgrade,
  onComplete,
  onResponseEnd: onComplete,
  onError,
  onResponseError: onError,
};
const ANSWERS = new ObservedMethods<ObservedRequest>(BEFORE_ANSWERS);
const EVERYTHING = new ObservedMethods<ObservedRequest>({
  ...BEFORE_ANSWERS,
  onBodySent: (observed, [chunk]) => observed.onBody(chunk),
  onRequestSent: (observed) => void observed.start(),
});

/** Whether a request has the methods that tell of its end; else only undici's channels do. */
export function tellsItself(request: object): boolean {
  const has = (...names: readonly string[]): boolean =>
    names.every((name) => typeof Reflect.get(request, name) === "function");
  return has("onHeaders", "onComplete", "onError") || has("onResponseStart", "onResponseEnd", "onResponseError");
}
