import type { BilledUsage } from "../canonical-usage.ts";
import { type JsonObject, readObject, readString } from "../json-reading.ts";
import { readList } from "./chat-wishes.ts";
import { planReply, type Reply, type ReplyWishes } from "./plan-reply.ts";
import {
  type NamedEvent,
  toEventAnswer,
  toJsonAnswer,
  toNamedFrame,
  type WireAnswer,
  type WireCall,
} from "./wire-call.ts";

/**
 * `POST /v1/responses`; a stream carries usage in `response.completed`.
 * @see https://platform.openai.com/docs/api-reference/responses
 */
export function answerOpenAIResponses(call: WireCall): WireAnswer {
  const id = `resp_${call.draw.hex("id", 48)}`;
  const reply = planReply(call.draw, readWishes(call.request));
  const said = reply.tool === null ? toMessage(call, reply.text) : toFunctionCall(call, reply);
  const output = [...toReasoningItems(call), said];
  const toResponse = (status: string, items: readonly object[], usage: object | null): object => ({
    id,
    object: "response",
    created_at: call.createdAtSeconds,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: readString(call.request, "instructions") ?? null,
    max_output_tokens: null,
    metadata: {},
    model: call.model.responded,
    output: items,
    parallel_tool_calls: true,
    previous_response_id: null,
    service_tier: "default",
    store: call.request["store"] !== false,
    temperature: 1,
    text: call.request["text"] ?? { format: { type: "text" } },
    tool_choice: "auto",
    tools: call.request["tools"] ?? [],
    top_p: 1,
    truncation: "disabled",
    usage,
  });
  const completed = toResponse("completed", output, toResponsesUsage(call.usage));
  if (!call.streamed) return toJsonAnswer(id, completed);
  const started = toResponse("in_progress", [], null);
  const events = [
    { type: "response.created", response: started },
    { type: "response.in_progress", response: started },
    ...toItemEvents(output, said, reply),
    { type: "response.completed", response: completed },
  ];
  return toEventAnswer(
    id,
    events.map((event, index) => toNamedFrame({ ...event, sequence_number: index })),
  );
}

interface OutputItem {
  readonly id: string;
  readonly type: string;
}

interface OutputMessage extends OutputItem {
  readonly status: string;
  readonly role: string;
  readonly content: readonly { readonly type: string; readonly text: string }[];
}

function toMessage(call: WireCall, text: string): OutputMessage {
  const part = { type: "output_text", annotations: [], logprobs: [], text };
  return {
    id: `msg_${call.draw.hex("message", 48)}`,
    type: "message",
    status: "completed",
    role: "assistant",
    content: [part],
  };
}

interface FunctionCall extends OutputItem {
  readonly name: string;
  readonly arguments: string;
}

function toFunctionCall(call: WireCall, { tool, pieces }: Reply): FunctionCall & JsonObject {
  return {
    id: `fc_${call.draw.hex("function call", 48)}`,
    type: "function_call",
    status: "completed",
    arguments: pieces.join(""),
    call_id: `call_${tool?.id}`,
    name: tool?.name ?? "",
  };
}

function readWishes(request: JsonObject): ReplyWishes {
  const format = readObject(readObject(request, "text"), "format");
  const functions = readList(request, "tools").filter((tool) => tool["type"] === "function");
  return {
    tools: functions.map((tool) => ({ name: readString(tool, "name") ?? "", schema: tool["parameters"] })),
    hasToolResult: readList(request, "input").some((item) => item["type"] === "function_call_output"),
    ...(format["type"] === "json_schema" ? { schema: format["schema"] } : {}),
    ...(format["type"] === "json_object" ? { schema: { type: "object" } } : {}),
  };
}

function toReasoningItems(call: WireCall): readonly OutputItem[] {
  if (call.usage.reasoning === 0) return [];
  const item = { id: `rs_${call.draw.hex("reasoning item", 48)}`, type: "reasoning", summary: [] };
  return [item];
}

function toItemEvents(
  output: readonly OutputItem[],
  said: OutputMessage | FunctionCall,
  { pieces }: Reply,
): readonly NamedEvent[] {
  return output.flatMap((item, index) => {
    if (item.id !== said.id) return toItemFrame(item, item, index, []);
    return "content" in said
      ? toItemFrame({ ...said, status: "in_progress", content: [] }, said, index, toTextEvents(said, index, pieces))
      : toItemFrame({ ...said, status: "in_progress", arguments: "" }, said, index, toCallEvents(said, index, pieces));
  });
}

function toItemFrame(
  opened: object,
  item: OutputItem,
  index: number,
  inner: readonly NamedEvent[],
): readonly NamedEvent[] {
  return [
    { type: "response.output_item.added", output_index: index, item: opened },
    ...inner,
    { type: "response.output_item.done", output_index: index, item },
  ];
}

function toCallEvents(said: FunctionCall, outputIndex: number, pieces: readonly string[]): readonly NamedEvent[] {
  const place = { item_id: said.id, output_index: outputIndex };
  return [
    ...pieces.map((delta) => ({ type: "response.function_call_arguments.delta", ...place, delta })),
    { type: "response.function_call_arguments.done", ...place, name: said.name, arguments: said.arguments },
  ];
}

function toTextEvents(message: OutputMessage, outputIndex: number, pieces: readonly string[]): readonly NamedEvent[] {
  const place = { item_id: message.id, output_index: outputIndex, content_index: 0 };
  const part = message.content[0];
  return [
    { type: "response.content_part.added", ...place, part: { ...part, text: "" } },
    ...pieces.map((delta) => ({ type: "response.output_text.delta", ...place, delta, logprobs: [] })),
    { type: "response.output_text.done", ...place, text: pieces.join(""), logprobs: [] },
    { type: "response.content_part.done", ...place, part },
  ];
}

function toResponsesUsage(usage: BilledUsage): object {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cacheRead },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  };
}
