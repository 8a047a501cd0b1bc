import { isJsonObject, type JsonObject, readObject, readString } from "../json-reading.ts";
import type { Reply, ReplyWishes } from "./plan-reply.ts";

/** What a chat completion in OpenAI's format is asked for, on OpenAI and Groq alike. */
export function readChatWishes(request: JsonObject): ReplyWishes {
  const format = readObject(request, "response_format");
  return {
    tools: readList(request, "tools")
      .map((tool) => readObject(tool, "function"))
      .map((tool) => ({ name: readString(tool, "name") ?? "", schema: tool["parameters"] })),
    hasToolResult: readList(request, "messages").some((message) => message["role"] === "tool"),
    ...(format["type"] === "json_schema" ? { schema: readObject(format, "json_schema")["schema"] } : {}),
    ...(format["type"] === "json_object" ? { schema: { type: "object" } } : {}),
  };
}

/** The objects of a list that a member holds; none when it holds no list. */
export function readList(object: JsonObject, name: string): readonly JsonObject[] {
  const value = object[name];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** A reply as the message of a chat completion; `annotations` and `refusal` are OpenAI's. */
export function toChatMessage({ tool, text, pieces }: Reply, extra: object): object {
  if (tool === null) return { role: "assistant", content: text, ...extra };
  return { role: "assistant", content: null, ...extra, tool_calls: [toToolCall(tool, pieces.join(""))] };
}

/** Why a chat completion ended, in the format's word. */
export function toFinishReason({ tool }: Reply): string {
  return tool === null ? "stop" : "tool_calls";
}

/** What the chunks between the first and the last add to the message. */
export function toChatDeltas({ tool, pieces }: Reply): readonly object[] {
  if (tool === null) return pieces.map((content) => ({ content }));
  const begun = { tool_calls: [{ index: 0, ...toToolCall(tool, "") }] };
  return [begun, ...pieces.map((text) => ({ tool_calls: [{ index: 0, function: { arguments: text } }] }))];
}

function toToolCall({ id, name }: { readonly id: string; readonly name: string }, text: string): object {
  return { id: `call_${id}`, type: "function", function: { name, arguments: text } };
}
