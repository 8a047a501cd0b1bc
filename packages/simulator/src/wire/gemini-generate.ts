import type { BilledUsage } from "../canonical-usage.ts";
import { writeReplyPieces } from "./reply-text.ts";
import { toEventAnswer, toJsonAnswer, type WireAnswer, type WireCall } from "./wire-call.ts";

/**
 * `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent?alt=sse`.
 * @see https://ai.google.dev/api/generate-content#UsageMetadata
 */
export function answerGeminiGenerate(call: WireCall): WireAnswer {
  const responseId = call.draw.hex("id", 22);
  const pieces = writeReplyPieces(call.draw);
  const toBody = (text: string, finished: boolean, usage: object): object => ({
    candidates: [
      {
        content: { parts: [{ text }], role: "model" },
        ...(finished ? { finishReason: "STOP" } : {}),
        index: 0,
      },
    ],
    usageMetadata: usage,
    modelVersion: call.model.responded,
    responseId,
  });
  if (!call.streamed) return toJsonAnswer(responseId, toBody(pieces.join(""), true, toUsageMetadata(call.usage)));
  const frames = pieces.map((text, index) => {
    const finished = index === pieces.length - 1;
    const usage = finished ? call.usage : toPartialUsage(call.usage, (index + 1) / pieces.length);
    return `data: ${JSON.stringify(toBody(text, finished, toUsageMetadata(usage)))}\r\n\r\n`;
  });
  return toEventAnswer(responseId, frames);
}

/** What a chunk in the middle reports: all input and thinking, and the output so far. */
function toPartialUsage(usage: BilledUsage, share: number): BilledUsage {
  return { ...usage, output: usage.reasoning + Math.floor((usage.output - usage.reasoning) * share) };
}

/** `candidatesTokenCount` excludes thoughts; counts of zero are left out, as protobuf's JSON does. */
function toUsageMetadata(usage: BilledUsage): object {
  const candidates = usage.output - usage.reasoning;
  return {
    promptTokenCount: usage.input,
    ...(candidates > 0 ? { candidatesTokenCount: candidates } : {}),
    totalTokenCount: usage.input + usage.output,
    ...(usage.cacheRead > 0
      ? {
          cachedContentTokenCount: usage.cacheRead,
          cacheTokensDetails: [{ modality: "TEXT", tokenCount: usage.cacheRead }],
        }
      : {}),
    promptTokensDetails: [{ modality: "TEXT", tokenCount: usage.input }],
    ...(usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
  };
}
