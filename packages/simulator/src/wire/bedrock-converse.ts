import { type JsonObject, readObject, readString } from "../json-reading.ts";
import { toAwsFrame } from "./aws-event-stream.ts";
import { drawRequestId, LATENCY_MS, toBedrockAnswer, toBedrockStream, toConverseUsage } from "./bedrock-answer.ts";
import { readList } from "./chat-wishes.ts";
import { hasMember, planReply, type Reply, type ReplyWishes } from "./plan-reply.ts";
import type { WireAnswer, WireCall } from "./wire-call.ts";

/**
 * `POST /model/{model}/converse` and `/converse-stream`.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html ; members as in the SDK 3.1162.0
 */
export function answerBedrockConverse(call: WireCall): WireAnswer {
  const id = drawRequestId(call.draw);
  const reply = planReply(call.draw, readConverseWishes(call.request));
  const metadata = { usage: toConverseUsage(call.usage), metrics: { latencyMs: LATENCY_MS }, ...toTier(call.request) };
  if (call.streamed) return toBedrockStream(id, toFrames(reply, metadata));
  const message = { role: "assistant", content: [toBlock(reply)] };
  return toBedrockAnswer(id, { output: { message }, stopReason: toStopReason(reply), ...metadata });
}

/** What a conversation in Converse's format, which is Nova's own as well, is asked for. */
export function readConverseWishes(request: JsonObject): ReplyWishes {
  const tools = readList(readObject(request, "toolConfig"), "tools").map((tool) => readObject(tool, "toolSpec"));
  const format = readObject(readObject(request, "outputConfig"), "textFormat");
  const schema = readString(readObject(readObject(format, "structure"), "jsonSchema"), "schema");
  return {
    tools: tools.map((tool) => ({
      name: readString(tool, "name") ?? "",
      schema: readObject(tool, "inputSchema")["json"],
    })),
    hasToolResult: hasMember(request, "toolResult"),
    ...(schema === undefined ? {} : { schema: JSON.parse(schema) }),
  };
}

/** The events of a stream before its metadata, as name and data. */
export function toConverseEvents(reply: Reply): readonly (readonly [event: string, data: object])[] {
  const place = { contentBlockIndex: 0 };
  const { tool } = reply;
  const start = tool === null ? {} : { toolUse: { toolUseId: `tooluse_${tool.id}`, name: tool.name } };
  return [
    ["messageStart", { role: "assistant" }],
    // Text has no start of its own.
    ...(tool === null ? [] : [["contentBlockStart", { start, ...place }] as const]),
    ...reply.pieces.map((piece) => {
      const delta = tool === null ? { text: piece } : { toolUse: { input: piece } };
      return ["contentBlockDelta", { delta, ...place }] as const;
    }),
    ["contentBlockStop", place],
    ["messageStop", { stopReason: toStopReason(reply) }],
  ];
}

/** A reply as the one block of a message. */
export function toBlock({ tool, text }: Reply): object {
  return tool === null
    ? { text }
    : { toolUse: { toolUseId: `tooluse_${tool.id}`, name: tool.name, input: tool.input } };
}

/** Why a conversation's turn ended. */
export function toStopReason({ tool }: Reply): string {
  return tool === null ? "end_turn" : "tool_use";
}

function toFrames(reply: Reply, metadata: object): readonly Uint8Array[] {
  const events = [...toConverseEvents(reply), ["metadata", metadata] as const];
  return events.map(([event, data]) => toAwsFrame(event, { ...data, p: "abcdefgh" }));
}

/** The tier that was asked for is the one that is served. */
function toTier(request: JsonObject): object {
  const type = readString(readObject(request, "serviceTier"), "type");
  return type === undefined ? {} : { serviceTier: { type } };
}
