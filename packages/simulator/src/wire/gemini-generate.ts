import type { BilledUsage } from "../canonical-usage.ts";
import { type JsonObject, readObject, readString } from "../json-reading.ts";
import { readList } from "./chat-wishes.ts";
import { hasMember, planReply, type Reply, type ReplyWishes } from "./plan-reply.ts";
import { toEventAnswer, toJsonAnswer, type WireAnswer, type WireCall } from "./wire-call.ts";

/**
 * `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent?alt=sse`.
 * @see https://ai.google.dev/api/generate-content#UsageMetadata
 */
export function answerGeminiGenerate(call: WireCall): WireAnswer {
  const responseId = call.draw.hex("id", 22);
  const reply = planReply(call.draw, readWishes(call.request));
  const parts = toParts(reply);
  const toBody = (own: readonly object[], finished: boolean, usage: object): object => ({
    candidates: [
      {
        content: { parts: own, role: "model" },
        ...(finished ? { finishReason: "STOP" } : {}),
        index: 0,
      },
    ],
    usageMetadata: usage,
    modelVersion: call.model.responded,
    responseId,
  });
  if (!call.streamed) return toJsonAnswer(responseId, toBody(toWholeParts(reply), true, toUsageMetadata(call.usage)));
  const frames = parts.map((part, index) => {
    const finished = index === parts.length - 1;
    const usage = finished ? call.usage : toPartialUsage(call.usage, (index + 1) / parts.length);
    return `data: ${JSON.stringify(toBody([part], finished, toUsageMetadata(usage)))}\r\n\r\n`;
  });
  return toEventAnswer(responseId, frames);
}

/** A tool's call comes in one piece: Gemini streams text only. */
function toParts(reply: Reply): readonly object[] {
  return reply.tool === null ? reply.pieces.map((text) => ({ text })) : toWholeParts(reply);
}

function toWholeParts({ tool, text }: Reply): readonly object[] {
  return tool === null ? [{ text }] : [{ functionCall: { id: tool.id, name: tool.name, args: tool.input } }];
}

function readWishes(request: JsonObject): ReplyWishes {
  const config = readObject(request, "generationConfig");
  const declared = readList(request, "tools").flatMap((tool) => readList(tool, "functionDeclarations"));
  const schema = config["responseJsonSchema"] ?? config["responseSchema"];
  const isJson = readString(config, "responseMimeType") === "application/json";
  return {
    tools: declared.map((tool) => ({
      name: readString(tool, "name") ?? "",
      schema: tool["parametersJsonSchema"] ?? tool["parameters"],
    })),
    hasToolResult: hasMember(request, "functionResponse"),
    ...(schema === undefined ? (isJson ? { schema: { type: "object" } } : {}) : { schema }),
  };
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
