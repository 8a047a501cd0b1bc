import type { BilledUsage } from "../canonical-usage.ts";
import { readString } from "../json-reading.ts";
import { writeReplyPieces } from "./reply-text.ts";
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
  const pieces = writeReplyPieces(call.draw);
  const message = toMessage(call, pieces.join(""));
  const output = [...toReasoningItems(call), message];
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
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
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
    ...toItemEvents(output, message, pieces),
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

function toReasoningItems(call: WireCall): readonly OutputItem[] {
  if (call.usage.reasoning === 0) return [];
  const item = { id: `rs_${call.draw.hex("reasoning item", 48)}`, type: "reasoning", summary: [] };
  return [item];
}

function toItemEvents(
  output: readonly OutputItem[],
  message: OutputMessage,
  pieces: readonly string[],
): readonly NamedEvent[] {
  return output.flatMap((item, index) => {
    const inner = item.id === message.id ? toTextEvents(message, index, pieces) : [];
    const opened = item.id === message.id ? { ...message, status: "in_progress", content: [] } : item;
    return [
      { type: "response.output_item.added", output_index: index, item: opened },
      ...inner,
      { type: "response.output_item.done", output_index: index, item },
    ];
  });
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
