import type { BilledUsage } from "../canonical-usage.ts";
import { readObject } from "../json-reading.ts";
import { writeReplyPieces } from "./reply-text.ts";
import {
  type NamedEvent,
  toDataFrame,
  toEventAnswer,
  toJsonAnswer,
  type WireAnswer,
  type WireCall,
} from "./wire-call.ts";

/**
 * `POST /v1/audio/speech`: sound without any usage, or events with it if `stream_format` asks for them.
 * @see https://platform.openai.com/docs/api-reference/audio/createSpeech
 */
export function answerOpenAISpeech(call: WireCall): WireAnswer {
  const pieces = writeReplyPieces(call.draw).map((piece) => Buffer.from(piece));
  if (call.request["stream_format"] !== "sse") {
    return { responseId: "", content: { kind: "bytes", bytes: Buffer.concat(pieces), contentType: "audio/mpeg" } };
  }
  const { input, output } = call.usage;
  const usage = { input_tokens: input, output_tokens: output, total_tokens: input + output };
  const events = [
    ...pieces.map((piece) => ({ type: "speech.audio.delta", audio: piece.toString("base64") })),
    { type: "speech.audio.done", usage },
  ];
  return toEventAnswer("", events.map(toDataFrame));
}

/**
 * `POST /v1/audio/transcriptions`: `whisper-1` is billed by duration, the others by tokens.
 * @see https://platform.openai.com/docs/api-reference/audio/createTranscription
 */
export function answerOpenAITranscription(call: WireCall): WireAnswer {
  const pieces = writeReplyPieces(call.draw);
  const text = pieces.join("");
  const usage = toTranscriptionUsage(call.usage);
  if (!call.streamed) return toJsonAnswer("", { text, usage });
  const events: readonly NamedEvent[] = [
    ...pieces.map((delta) => ({ type: "transcript.text.delta", delta })),
    { type: "transcript.text.done", text, usage },
  ];
  return toEventAnswer("", events.map(toDataFrame));
}

/** Size of the uploaded file in bytes; 0 without one. */
export function readFileSize(call: Pick<WireCall, "request">): number {
  const size = readObject(call.request, "file")["size"];
  return typeof size === "number" ? size : 0;
}

function toTranscriptionUsage({ input, output, audioIn = 0, audioSeconds }: BilledUsage): object {
  if (audioSeconds !== undefined) return { type: "duration", seconds: audioSeconds };
  return {
    type: "tokens",
    input_tokens: input,
    input_token_details: { text_tokens: input - audioIn, audio_tokens: audioIn },
    output_tokens: output,
    total_tokens: input + output,
  };
}
