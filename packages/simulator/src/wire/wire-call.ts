import type { BilledUsage } from "../canonical-usage.ts";
import type { JsonObject } from "../json-reading.ts";
import type { SimulatedModel } from "../model-catalog.ts";
import type { Draw } from "../token-draw.ts";

/** A request that will be answered, with everything the answer needs. */
export interface WireCall {
  readonly request: JsonObject;
  readonly model: SimulatedModel;
  readonly streamed: boolean;
  readonly usage: BilledUsage;
  readonly draw: Draw;
  readonly createdAtSeconds: number;
}

/** One JSON body, some other body, or the frames of an event stream: server-sent ones when it is not said. */
export type WireContent =
  | { readonly kind: "json"; readonly body: unknown }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly contentType: string }
  | { readonly kind: "events"; readonly frames: readonly (string | Uint8Array)[]; readonly contentType?: string };

/** An answer in a provider's wire format. */
export interface WireAnswer {
  readonly responseId: string;
  readonly content: WireContent;
  /** Headers beyond those of every answer of the provider. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer of one JSON body. */
export function toJsonAnswer(responseId: string, body: unknown): WireAnswer {
  return { responseId, content: { kind: "json", body } };
}

/** An answer of many server-sent events. */
export function toEventAnswer(responseId: string, frames: readonly string[]): WireAnswer {
  return { responseId, content: { kind: "events", frames } };
}

/** A server-sent event without a name, as OpenAI's chat and Groq send them. */
export function toDataFrame(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

/** The data of an event that is named after its `type`. */
export type NamedEvent = { readonly type: string } & JsonObject;

/** A server-sent event named after its `type`, as Anthropic and OpenAI's responses send them. */
export function toNamedFrame(data: NamedEvent): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
