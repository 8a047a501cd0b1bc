import { type Context, context } from "@opentelemetry/api";
import { UNKNOWN_OUTCOME } from "@spancost/llm-wire";
import type { AskedUsage, StartedCall } from "../../calls/start-call.ts";
import type { CallStarter } from "../hook.ts";
import { type ByteSink, decodeBefore } from "./decoded-copy.ts";

/** What is known of a request when it is made. */
export interface WireRequestHead {
  /** Absolute. */
  readonly url: string;
  /** In upper case. */
  readonly method: string;
  /** A header's value, or `null`. `name` in lower case. */
  readHeader(name: string): string | null;
}

/**
 * One claimed request at the level of its bytes. Its span starts in the context in which the request was made, and ends once,
 * with the first of: the response's last byte, its breaking off, no response at all.
 */
export class WireCall {
  readonly #calls: CallStarter;
  readonly #head: WireRequestHead;
  readonly #context: Context = context.active();
  readonly #createdMs = Date.now();
  #started: StartedCall | undefined;
  #hasStarted = false;
  #sink: ByteSink | undefined;
  #hasEnded = false;

  constructor(calls: CallStarter, head: WireRequestHead) {
    this.#calls = calls;
    this.#head = head;
  }

  /** Starts the span, once; false when the request is nobody's call. */
  start(readBody: () => string | null): boolean {
    if (this.#hasStarted) return this.#started !== undefined;
    this.#hasStarted = true;
    const { url, method } = this.#head;
    // Told only where it matters: an SDK that is given a start counts in whole milliseconds.
    const startTimeMs = Date.now() > this.#createdMs ? this.#createdMs : undefined;
    const facts = { url, method, startTimeMs, readBody, readHeader: (name: string) => this.#head.readHeader(name) };
    this.#started = context.with(this.#context, () => this.#calls.start(facts));
    return this.#started !== undefined;
  }

  /** The request with the wish for usage added, where that may be asked for: what is sent cannot be taken back. */
  askForUsage(): AskedUsage | undefined {
    return this.#started?.askForUsage(false);
  }

  /** Takes the response's head; false when its body is not of interest. */
  respond(status: number, readHeader: (name: string) => string | null): boolean {
    const call = this.#started?.call;
    if (call === undefined || !call.respond(status)) return false;
    const isOpen = call.guard("observing the response", () => {
      this.#sink = decodeBefore(call.openBody({ get: readHeader }), readHeader("content-encoding"));
    });
    if (!isOpen || this.#sink === undefined) call.complete(UNKNOWN_OUTCOME);
    return this.#sink !== undefined;
  }

  readBytes(bytes: Uint8Array): void {
    this.#sink?.readBytes(bytes);
  }

  /** The response has come in full. */
  complete(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#sink === undefined) this.#started?.call.complete(UNKNOWN_OUTCOME);
    else this.#sink.complete();
  }

  /** The response breaks off, or the request does before there is one. `error`: none when the app has left it. */
  breakOff(error?: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#sink !== undefined) this.#sink.abandon(error);
    else this.#started?.call.fail(error ?? new DOMException("The app has left the request", "AbortError"));
  }
}
