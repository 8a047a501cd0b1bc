import { type Span, SpanStatusCode } from "@opentelemetry/api";
import {
  type BodyReader,
  UNKNOWN_OUTCOME,
  type WireFormat,
  type WireHeaders,
  type WireOutcome,
  createBodyReader,
} from "@spancost/llm-wire";
import { toErrorAttributes, toOutcomeAttributes, toStatusAttributes } from "./call-attributes.ts";
import type { ProviderClaim } from "./provider-claim.ts";

const FIRST_ERROR_STATUS = 400;
const ABORT_ERROR = "AbortError";

/** One attempt of a call, from the request to the end of its response; ends its span exactly once and never throws. */
export class ObservedCall {
  readonly #span: Span;
  readonly #claim: ProviderClaim;
  readonly #format: WireFormat;
  readonly #onFailure: () => void;
  #openBodies = 0;
  #ended = false;

  /** `onFailure`: called when the attempt failed in a way that clients retry: refused, or without a response. */
  constructor(span: Span, claim: ProviderClaim, format: WireFormat, onFailure: () => void = () => {}) {
    this.#span = span;
    this.#claim = claim;
    this.#format = format;
    this.#onFailure = onFailure;
  }

  /** Takes the response's head; false when that was all there is to see. */
  respond(status: number): boolean {
    if (status < FIRST_ERROR_STATUS) return true;
    this.#end(() => {
      this.#onFailure();
      this.#span.setAttributes(toStatusAttributes(status));
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    });
    return false;
  }

  /** A body of the response is there to be read: its own, or that of a clone. */
  openBody(headers: WireHeaders): ObservedBody {
    this.#openBodies += 1;
    return new ObservedBody(this, createBodyReader(this.#format, headers));
  }

  /** A body was read to its end. */
  complete(outcome: WireOutcome): void {
    this.#end(() => this.#setOutcome(outcome));
  }

  /** A body will not be read any further. The call has ended when that holds for all of them. */
  abandon(outcome: WireOutcome, error?: unknown): void {
    this.#openBodies -= 1;
    if (this.#openBodies > 0) return;
    this.#end(() => {
      this.#setOutcome(outcome);
      if (error !== undefined && !isAbort(error)) this.#setError(error);
    });
  }

  /** No response came. */
  fail(error: unknown): void {
    this.#end(() => {
      this.#onFailure();
      this.#setError(error);
    });
  }

  /** Runs a piece of observation; what goes wrong in it stays here. False when something did. */
  guard(where: string, observe: () => void): boolean {
    try {
      observe();
      return true;
    } catch (error) {
      this.#claim.reportFailure(where, error);
      return false;
    }
  }

  #setOutcome(outcome: WireOutcome): void {
    this.#span.setAttributes(toOutcomeAttributes(outcome));
    if (outcome.errorType !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  #setError(error: unknown): void {
    this.#span.setAttributes(toErrorAttributes(error));
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  #end(describe: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.guard("describing the call", describe);
    this.guard("ending the span", () => this.#span.end());
  }
}

/** One body of a call's response while it is read; holds neither the response nor its stream. */
export class ObservedBody {
  readonly #call: ObservedCall;
  readonly #reader: BodyReader;
  #closed = false;

  constructor(call: ObservedCall, reader: BodyReader) {
    this.#call = call;
    this.#reader = reader;
  }

  readBytes(bytes: unknown): void {
    if (this.#closed) return;
    this.#call.guard("reading the stream", () => {
      if (bytes instanceof Uint8Array) this.#reader.readBytes(bytes);
    });
    // Consumers that know the format stop at its last event, so the end of the bytes may never be read.
    if (this.#reader.finished) this.complete();
  }

  readText(text: string): void {
    this.#call.guard("reading the body", () => this.#reader.readText(text));
    this.complete();
  }

  readValue(value: unknown): void {
    this.#call.guard("reading the body", () => this.#reader.readValue(value));
    this.complete();
  }

  complete(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#call.guard("reading the body's end", () => this.#reader.end());
    this.#call.complete(this.#outcome());
  }

  /** `error`: what the stream broke with, when it was not simply left. */
  abandon(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#call.abandon(this.#outcome(), error);
  }

  #outcome(): WireOutcome {
    let outcome = UNKNOWN_OUTCOME;
    this.#call.guard("reading the outcome", () => {
      outcome = this.#reader.outcome();
    });
    return outcome;
  }
}

/** The caller's own decision to stop is no failure of the call. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === ABORT_ERROR;
}
