import type { ClientHttp2Stream, IncomingHttpHeaders as HttpHeaders, IncomingHttpStatusHeader } from "node:http2";
import type { CallStarter } from "../hook.ts";
import { ObservedMethods } from "../wire/observed-methods.ts";
import { RequestBody } from "../wire/request-body.ts";
import { WireCall, type WireRequestHead } from "../wire/wire-call.ts";

type IncomingHttpHeaders = HttpHeaders & IncomingHttpStatusHeader;

/** `RST_STREAM` codes of an end without an error, RFC 9113, 7: NO_ERROR and CANCEL, with which a client leaves a stream. */
const HARMLESS_CODES: ReadonlySet<number | undefined> = new Set([undefined, 0, 8]);

/** Watches one stream of a client through own methods before its class's; see `ObservedRequest` of `node-http`. */
export class ObservedStream {
  readonly #stream: ClientHttp2Stream;
  readonly #call: WireCall;
  readonly #body = new RequestBody();
  #hasResponded = false;
  /** Bytes that came in one read with the head, before the event that tells of that. */
  #early: Uint8Array[] = [];
  #isEarlyEnd = false;

  constructor(stream: ClientHttp2Stream, head: WireRequestHead, calls: CallStarter) {
    this.#stream = stream;
    this.#call = new WireCall(calls, head);
    STREAM.observe(stream, this);
    // A request without a body has been ended by the session.
    if (stream.writableEnded) this.#start();
  }

  onWrite([chunk, encoding]: readonly unknown[], isLast: boolean): void {
    this.#body.collect(chunk, encoding, isLast);
    if (isLast) this.#start();
  }

  #start(): boolean {
    const isCall = this.#call.start(() => this.#body.takeText());
    if (!isCall) this.#stop();
    return isCall;
  }

  #stop(): void {
    this.#early = [];
    STREAM.release(this.#stream);
  }

  onEvent(name: unknown, detail: unknown): void {
    if (name === "response") this.#onResponse(detail as IncomingHttpHeaders);
    else if (name === "close") this.#onClose();
  }

  #onResponse(headers: IncomingHttpHeaders): void {
    if (!this.#start()) return;
    const readHeader = (name: string): string | null => headers[name]?.toString() ?? null;
    this.#hasResponded = true;
    if (!this.#call.respond(headers[":status"] ?? 0, readHeader)) return this.#stop();
    for (const bytes of this.#early) this.#call.readBytes(bytes);
    this.#early = [];
    if (this.#isEarlyEnd) this.#finish();
  }

  onBytes(chunk: unknown): void {
    if (chunk === null) {
      if (HARMLESS_CODES.has(this.#stream.rstCode) && !this.#stream.aborted && !this.#stream.destroyed) this.#finish();
    } else if (!(chunk instanceof Uint8Array)) return;
    else if (this.#hasResponded) this.#call.readBytes(chunk);
    else this.#early.push(chunk);
  }

  #finish(): void {
    this.#isEarlyEnd = true;
    if (!this.#hasResponded) return;
    this.#call.complete();
    this.#stop();
  }

  #onClose(): void {
    const { errored, rstCode } = this.#stream;
    const reset = HARMLESS_CODES.has(rstCode) ? undefined : new Error(`The stream was reset with code ${rstCode}`);
    if (this.#start()) this.#call.breakOff(errored ?? reset);
    this.#stop();
  }
}

const STREAM = new ObservedMethods<ObservedStream>({
  write: (observed, args) => observed.onWrite(args, false),
  end: (observed, args) => observed.onWrite(args, true),
  emit: (observed, [name, detail]) => observed.onEvent(name, detail),
  push: (observed, [chunk]) => observed.onBytes(chunk),
});
