import type Anthropic from "@anthropic-ai/sdk";
import type { ProviderClients } from "./provider-clients.ts";

/** Makes one LLM call through a real SDK and reads its answer to the end. */
export type MakeCall = (clients: ProviderClients, prompt: string) => Promise<void>;

const MAX_TOKENS = 1_024;
const HANDBOOK =
  "You answer customers of a bookshop. Be brief, be kind, quote the terms of sale when they ask for a refund. ".repeat(
    20,
  );

const toMessages = (content: string): { role: "user"; content: string }[] => [{ role: "user", content }];

/** The calls that the demo makes, by name; models are ones whose prices every price list agrees on. */
export const CALL_KINDS = {
  "openai chat": async ({ openai }, prompt) => {
    await openai.chat.completions.create({ model: "gpt-4.1", messages: toMessages(prompt) });
  },
  "openai chat stream": async ({ openai }, prompt) => {
    const stream = await openai.chat.completions.create({
      model: "gpt-5-mini",
      messages: toMessages(prompt),
      stream: true,
      stream_options: { include_usage: true },
    });
    await readToEnd(stream);
  },
  "openai responses": async ({ openai }, prompt) => {
    await openai.responses.create({ model: "o4-mini", input: prompt });
  },
  "openai responses stream": async ({ openai }, prompt) => {
    await readToEnd(await openai.responses.create({ model: "gpt-5-mini", input: prompt, stream: true }));
  },
  "openai embeddings": async ({ openai }, prompt) => {
    await openai.embeddings.create({ model: "text-embedding-3-small", input: [prompt, HANDBOOK] });
  },
  "anthropic messages": async ({ anthropic }, prompt) => {
    await anthropic.messages.create(toAnthropicRequest(prompt, "1h"));
  },
  "anthropic messages stream": async ({ anthropic }, prompt) => {
    await readToEnd(await anthropic.messages.create({ ...toAnthropicRequest(prompt, "5m"), stream: true }));
  },
  "google generate": async ({ google }, prompt) => {
    await google.models.generateContent({ model: "gemini-2.5-flash", contents: prompt });
  },
  "google generate stream": async ({ google }, prompt) => {
    await readToEnd(await google.models.generateContentStream({ model: "gemini-2.5-flash", contents: prompt }));
  },
  "groq chat": async ({ groq }, prompt) => {
    await groq.chat.completions.create({ model: "llama-3.3-70b-versatile", messages: toMessages(prompt) });
  },
  "groq chat stream": async ({ groq }, prompt) => {
    await readToEnd(
      await groq.chat.completions.create({ model: "openai/gpt-oss-120b", messages: toMessages(prompt), stream: true }),
    );
  },
} as const satisfies Record<string, MakeCall>;

/** The name of a call in `CALL_KINDS`. */
export type CallKind = keyof typeof CALL_KINDS;

/** A request whose system prompt is to be cached for the given time. */
function toAnthropicRequest(prompt: string, ttl: "5m" | "1h"): Anthropic.MessageCreateParamsNonStreaming {
  return {
    model: "claude-sonnet-4-5",
    max_tokens: MAX_TOKENS,
    system: [{ type: "text", text: HANDBOOK, cache_control: { type: "ephemeral", ttl } }],
    messages: toMessages(prompt),
  };
}

async function readToEnd(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _chunk of stream);
}
