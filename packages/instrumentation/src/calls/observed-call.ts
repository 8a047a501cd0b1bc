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

const ERROR_TYPE = "error.type";
/** A redirect that reaches the app was followed by nobody: it is no completion either. */
const FIRST_STATUS_WITHOUT_COMPLETION = 300;
const ABORT_ERROR = "AbortError";
const TIMEOUT_ERROR = "TimeoutError";
/** `error.type` where the connection broke and the error's own code does not say so, or there is none, as in Bun and Deno. */
const TERMINATED = "terminated";
/** Codes of connections that broke, as the ledger knows them. */
const BREAK_CODE =
  /^(?:ECONNRESET|ECONNABORTED|ETIMEDOUT|UND_ERR_SOCKET|UND_ERR_BODY_TIMEOUT|ERR_STREAM_PREMATURE_CLOSE)$/;
/** Codes of requests that were sent, or begun, and got an answer that cannot be read, or none. */
const SENT_CODE = /^(?:EPIPE$|HPE_|HTTPParserError$)/;
/** What undici's parser of responses throws, with or without a code. */
const PARSER_ERROR = "HTTPParserError";
/** What Bun and Deno say, without a code, of a connection that broke after the request was sent. */
const SENT_MESSAGE = /connection (?:was )?closed|before message completed|socket/i;

/** One attempt of a call, from the request to the end of its response; ends its span exactly once and never throws. */
export class ObservedCall {
  readonly #span: Span;
  readonly #claim: ProviderClaim;
  readonly #format: WireFormat;
  readonly #onFailure: () => void;
  #signal: AbortSignal | undefined;
  #openBodies = 0;
  #ended = false;

  /** `onFailure`: called when the attempt failed in a way that clients retry: refused, or without a response. */
  constructor(span: Span, claim: ProviderClaim, format: WireFormat, onFailure: () => void = () => {}) {
    this.#span = span;
    this.#claim = claim;
    this.#format = format;
    this.#onFailure = onFailure;
  }

  /** Tells the caller's own decision to stop, whatever reason it gives, from a failure. */
  stopsWith(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** Takes the response's head; false when that was all there is to see. */
  respond(status: number): boolean {
    if (status < FIRST_STATUS_WITHOUT_COMPLETION) return true;
    this.#end(() => {
      this.#onFailure();
      this.#span.setAttributes(toStatusAttributes(status));
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    });
    return false;
  }

  /** A body of the response is there to be read: its own, or that of a clone. */
  openBody(headers: WireHeaders, onClosed?: (body: ObservedBody) => void): ObservedBody {
    this.#openBodies += 1;
    return new ObservedBody(this, createBodyReader(this.#format, headers), onClosed);
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
      if (error !== undefined && !this.#isAbort(error)) this.#setError(error, toBreakType(error));
    });
  }

  /** No response came. */
  fail(error: unknown): void {
    this.#end(() => {
      this.#onFailure();
      // An abort's reason may be anything; that it was an abort says that the provider may have gone on, and billed.
      this.#setError(error, this.#isAbort(error) ? ABORT_ERROR : toFailureType(error));
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

  /** Reports what went wrong in the observation of this call. */
  reportFailure(where: string, error: unknown): void {
    this.#claim.reportFailure(where, error);
  }

  #setOutcome(outcome: WireOutcome): void {
    this.#span.setAttributes(toOutcomeAttributes(outcome));
    if (outcome.errorType !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  /** The caller's own decision to stop is no failure of the call. A timeout that it set is one. */
  #isAbort(error: unknown): boolean {
    const name = error instanceof Error ? error.name : "";
    return name === ABORT_ERROR || (this.#signal?.aborted === true && name !== TIMEOUT_ERROR);
  }

  #setError(error: unknown, errorType: string | undefined): void {
    this.#span.setAttributes({
      ...toErrorAttributes(error),
      ...(errorType === undefined ? {} : { [ERROR_TYPE]: errorType }),
    });
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
  readonly #onClosed: ((body: ObservedBody) => void) | undefined;
  #closed = false;
  /** Grows with each piece that is read: whether it stands still tells a body that the app has left. */
  piecesRead = 0;
  /** Whether the app is waiting for the next piece, or for the whole. */
  isAwaited = false;

  constructor(call: ObservedCall, reader: BodyReader, onClosed?: (body: ObservedBody) => void) {
    this.#call = call;
    this.#reader = reader;
    this.#onClosed = onClosed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether its bytes tell nothing: sound, pictures. */
  get ignoresBytes(): boolean {
    return this.#reader.ignoresBytes;
  }

  readBytes(bytes: unknown): void {
    this.piecesRead += 1;
    if (this.#closed) return;
    // Not through `guard`: this runs for every chunk of every stream.
    try {
      if (bytes instanceof Uint8Array) this.#reader.readBytes(bytes);
    } catch (error) {
      this.#call.reportFailure("reading the stream", error);
    }
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
    this.#close();
    this.#call.guard("reading the body's end", () => this.#reader.end());
    this.#call.complete(this.#outcome());
  }

  /** `error`: what the stream broke with, when it was not simply left. */
  abandon(error?: unknown): void {
    if (this.#closed) return;
    this.#close();
    this.#call.abandon(this.#outcome(), error);
  }

  #close(): void {
    this.#closed = true;
    this.#onClosed?.(this);
  }

  #outcome(): WireOutcome {
    let outcome = UNKNOWN_OUTCOME;
    this.#call.guard("reading the outcome", () => {
      outcome = this.#reader.outcome();
    });
    return outcome;
  }
}

/** `error.type` of a response that broke off. What was answered is billed, so the type must not read as a refusal. */
function toBreakType(error: unknown): string {
  if (error instanceof Error && error.name === TIMEOUT_ERROR) return TIMEOUT_ERROR;
  const code = readCode(error);
  return code !== undefined && BREAK_CODE.test(code) ? code : TERMINATED;
}

/** `error.type` of a request without an answer: whether the provider may have seen it must be told from it. */
function toFailureType(error: unknown): string | undefined {
  const code = readCode(error);
  if (code !== undefined) return SENT_CODE.test(code) ? TERMINATED : code;
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const isSent = [cause, error].some((one) => one instanceof Error && SENT_MESSAGE.test(one.message));
  return isSent ? TERMINATED : undefined;
}

/** What a connection's error says of itself: Node's sockets and undici set a code, on the error or on its cause. */
function readCode(error: unknown): string | undefined {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = [cause, error]
    .map((one) => (one instanceof Error ? Reflect.get(one, "code") : undefined))
    .find(isText);
  if (isText(code)) return code;
  return cause instanceof Error && cause.name === PARSER_ERROR ? PARSER_ERROR : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
