import type { CallStarter } from "../hook.ts";
import { reportFailure } from "../wire/guard.ts";
import { RequestBody } from "../wire/request-body.ts";
import { shadowMethod } from "../wire/shadow.ts";
import { WireCall } from "../wire/wire-call.ts";
import { type UndiciRequest, readHead, readHeader } from "./undici-request.ts";

const FIRST_FINAL_STATUS = 200;
const SWITCHING_PROTOCOLS = 101;

/** One claimed request of undici, as its channels tell of it. */
export class ObservedRequest {
  readonly #call: WireCall;
  readonly #body = new RequestBody();
  readonly #releases: (() => void)[] = [];
  /** undici 5 and 6 tell of no bytes; 7 does since its middle, and 8 calls the method by another name. */
  #isShownBytes = false;
  #isCall = true;

  constructor(request: UndiciRequest, url: string, calls: CallStarter) {
    this.#call = new WireCall(calls, readHead(request, url));
    const isAtHand = request.body === null || request.body === undefined || request.body instanceof Uint8Array;
    if (isAtHand) {
      this.#body.collect(request.body, undefined, true);
      if (!this.#start()) return;
    } else {
      this.#before(request, "onBodySent", ([chunk]) => this.#body.collect(chunk, undefined));
      this.#before(request, "onRequestSent", () => this.#start());
    }
    if (!("onData" in request)) return;
    this.#isShownBytes = true;
    this.#before(request, "onData", ([chunk]) => this.#readBytes(chunk));
  }

  /** False when it is known to be nobody's call. */
  get isCall(): boolean {
    return this.#isCall;
  }

  onHeaders(status: number, headers: unknown): void {
    if (status < FIRST_FINAL_STATUS && status !== SWITCHING_PROTOCOLS) return;
    if (this.#start() && !this.#call.respond(status, (name) => readHeader(headers, name))) this.#stop();
  }

  onChunk(chunk: unknown): void {
    if (!this.#isShownBytes) this.#readBytes(chunk);
  }

  onComplete(): void {
    this.#call.complete();
    this.#stop();
  }

  onError(error: unknown): void {
    if (this.#start()) this.#call.breakOff(error);
    this.#stop();
  }

  #readBytes(chunk: unknown): void {
    if (chunk instanceof Uint8Array) this.#call.readBytes(chunk);
  }

  #start(): boolean {
    const isCall = this.#call.start(() => this.#body.takeText());
    if (!isCall) this.#stop();
    return isCall;
  }

  #stop(): void {
    this.#isCall = false;
    for (const release of this.#releases) release();
  }

  #before(request: UndiciRequest, name: string, observe: (args: readonly unknown[]) => void): void {
    const observeHarmlessly = (args: readonly unknown[]): void => {
      try {
        observe(args);
      } catch (error) {
        reportFailure(`observing undici's "${name}"`, error);
      }
    };
    this.#releases.push(shadowMethod(request, name, observeHarmlessly));
  }
}
