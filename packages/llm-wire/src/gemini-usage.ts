import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { type JsonRecord, addParts, toCount, toList, toRecord, toText } from "./json-fields.ts";

/**
 * `promptTokenCount` includes cached content but not what tools returned; `candidatesTokenCount` leaves thoughts out.
 * @see https://ai.google.dev/api/generate-content#UsageMetadata ; field names as in @google/genai 3.1.0
 */
export function readGeminiUsage(value: unknown): Usage {
  const usage = toRecord(value);
  const thoughts = toCount(usage.thoughtsTokenCount);
  const toolUse = toCount(usage.toolUsePromptTokenCount);
  const prompt = [...toList(usage.promptTokensDetails), ...toList(usage.toolUsePromptTokensDetails)];
  const candidates = toList(usage.candidatesTokensDetails);
  return {
    ...UNKNOWN_USAGE,
    input: addParts(toCount(usage.promptTokenCount), toolUse),
    cacheRead: toCount(usage.cachedContentTokenCount),
    output: addParts(readCandidateTokens(usage), thoughts),
    reasoning: thoughts,
    audioIn: sumModality(prompt, "AUDIO"),
    audioOut: sumModality(candidates, "AUDIO"),
    imageIn: sumModality(prompt, "IMAGE"),
    imageOut: sumModality(candidates, "IMAGE"),
  };
}

/** The tier as AI Studio names it, or Vertex's kind of traffic. */
export function readGeminiTier(value: unknown): string | null {
  const usage = toRecord(value);
  return toText(usage.serviceTier) ?? toText(usage.trafficType);
}

/** Google's JSON leaves zeros out; the total tells an answer of no tokens from one that was not counted. */
function readCandidateTokens(usage: JsonRecord): number | null {
  const candidates = toCount(usage.candidatesTokenCount);
  const total = toCount(usage.totalTokenCount);
  const prompt = toCount(usage.promptTokenCount);
  if (candidates !== null || total === null || prompt === null) return candidates;
  const others = prompt + (toCount(usage.toolUsePromptTokenCount) ?? 0) + (toCount(usage.thoughtsTokenCount) ?? 0);
  return Math.max(0, total - others);
}

function sumModality(details: readonly unknown[], modality: string): number | null {
  const counts = details.map(toRecord).filter((detail) => detail.modality === modality);
  return counts.length === 0 ? null : addParts(0, ...counts.map((detail) => toCount(detail.tokenCount)));
}
