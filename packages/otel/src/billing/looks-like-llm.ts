import { hasLlmAttribute } from "../has-llm-attribute.ts";

/**
 * Names of spans whose producers set their attributes only after the start. A sampler is not told who the producer is, so this is the
 * one place that guesses: a wrong guess costs one recorded span, which is dropped at its end unless it has LLM attributes by then.
 * Seen in real traces: GenAI conventions `chat gpt-5-mini` (OpenLIT 1.15), `openai.resources.chat.completions`,
 * `anthropic.resources.messages` (OpenLIT 1.7), `OpenAI.chat`, `ChatAnthropic` (Langfuse 5, LangChain), `generate`,
 * `openai/gpt-5-mini` (Genkit 1.42).
 */
const LLM_NAME =
  /^(?:(?:chat|text_completion|completion|generate_content|embeddings?|image_generation|rerank|responses|messages|invoke_agent)(?: |$)|generate(?:_text|_object|Text|Object)?$|(?:open|azure|anthropic|google|gemini|vertex|groq|mistral|cohere|bedrock|aws\.bedrock|ollama|together|deepseek|xai|fireworks|perplexity|vllm|llm|ai)[\w-]*[./][\w.:/-]+$|(?:Azure)?Chat[A-Z]\w+$)/i;

/** Says whether a span that starts may be an LLM call, by its attributes or else by its name. */
export function looksLikeLlm(name: string, attributes: Readonly<Record<string, unknown>>): boolean {
  return hasLlmAttribute(attributes) || LLM_NAME.test(name);
}
