import type { Usage } from "@spancost/core";
import { UNKNOWN_USAGE } from "@spancost/core";
import type { SseEvent } from "./sse-splitter.ts";
import type { WireHead, WireHeaders } from "./wire-head.ts";

/** What a request says about the call, before anything came back. */
export interface WireRequest {
  /** `gen_ai.operation.name` of the conventions. */
  readonly operation:
    | "chat"
    | "text_completion"
    | "generate_content"
    | "embeddings"
    | "image_generation"
    | "speech"
    | "transcription"
    | "translation";
  readonly requestModel: string | null;
  /** Whether the caller asked for a stream. */
  readonly streamed: boolean;
  /** The format to read the response in, where that depends on what was asked. */
  readonly responseFormat?: WireFormat;
}

/** What a response says about the call, as far as it was read. */
export interface WireOutcome {
  readonly responseModel: string | null;
  readonly responseId: string | null;
  /** The tier that the provider says it served, in its own word. */
  readonly serviceTier: string | null;
  /** Where the provider says it ran the inference, in its own word. */
  readonly inferenceRegion: string | null;
  readonly usage: Usage;
  /** One a choice, in the provider's own words. */
  readonly finishReasons: readonly string[];
  /** What the provider itself says the call costs, in USD. */
  readonly costUsd?: number;
  /** The provider's code of an error that came inside a response of status 200. */
  readonly errorType?: string;
}

/** An outcome of which nothing is known. */
export const UNKNOWN_OUTCOME: WireOutcome = {
  responseModel: null,
  responseId: null,
  serviceTier: null,
  inferenceRegion: null,
  usage: UNKNOWN_USAGE,
  finishReasons: [],
};

/** Reduces the events of one streamed response to its outcome; keeps no event that it does not need. */
export interface StreamReader {
  readEvent(event: SseEvent): void;
  /**
   * Whether events in this text may say something. It is a piece of the stream as Latin-1, whole events or parts of some; one
   * without anything to tell is not even split. Absent: every event is read.
   */
  mayTell?(text: string): boolean;
  /** Whether the format's last event has been seen: whatever still comes says nothing new. */
  readonly finished: boolean;
  /** What is known so far. */
  outcome(): WireOutcome;
}

/** Takes events out of a stream's bytes. Neither method throws or keeps a reference to what it is given. */
export interface StreamFilter {
  /** What of the bytes so far may be passed on now, possibly nothing. */
  write(bytes: Uint8Array): Uint8Array;
  /** What was held back when the stream ended. */
  end(): Uint8Array;
}

/** How a stream comes to report usage that its caller did not ask for, and how the caller does not notice. */
export interface UnaskedUsage {
  /** The request's body with the wish for usage added; `null` when the caller expressed one, or wants no stream. */
  addTo(body: string): string | null;
  /** Takes out of the response what only the wish brought into it. */
  createFilter(): StreamFilter;
}

/** One wire format of one kind of call. Nothing in it throws, whatever it is fed. */
export interface WireFormat {
  readonly name: string;
  /** Whether a request of this method and path is a call in this format; paths match by their end, so any prefix works. */
  matchRequest(method: string, pathname: string): boolean;
  /**
   * `body`: the request's JSON text, or `null` when it cannot be read; `readField`: a field of the form that was sent instead, or
   * `null`.
   */
  readRequest(pathname: string, body: string | null, readField?: (name: string) => string | null): WireRequest;
  /** Names of the top-level fields that `readResponse` looks at. */
  readonly responseFields: readonly string[];
  /** `body`: the parsed response, or an object with its `responseFields` only. */
  readResponse(body: unknown): WireOutcome;
  createStreamReader(): StreamReader;
  /** What a response's headers say, where they say anything. */
  readHeaders?(headers: WireHeaders): WireHead;
  /** What a response tells whose body is sound, a picture or a film: its bytes are not looked at. Absent: nothing. */
  readBinary?(): WireOutcome;
  /** Set when streams of this format report usage only to callers that ask for it. */
  readonly unaskedUsage?: UnaskedUsage;
}
