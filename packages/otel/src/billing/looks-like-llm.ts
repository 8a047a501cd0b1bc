import { hasLlmAttribute } from "../billable-span.ts";

/** `chat gpt-5-mini`, by the GenAI conventions and OpenLIT 1.15; a name may be its first word alone. */
const OPERATION =
  /^(?:chat|text_completion|completion|generate_content|embeddings?|image_generation|rerank|responses?|messages|invoke_agent|generate(?:_text|_object)?)(?: |$)/;
/** `openai.resources.chat.completions` (OpenLIT 1.7), `OpenAI.chat` (Langfuse 5), `openai/gpt-5-mini`, `googleai/...` (Genkit 1.42). */
const PROVIDER =
  /^(?:(?:openai|azure.?openai|anthropic|google|gemini|vertex|groq|mistral|cohere|bedrock|aws\.bedrock|ollama|together|deepseek|xai|fireworks|perplexity|vllm)[\w-]*|llm|ai)[./ ]\w/i;
/** `ChatAnthropic`, `AzureChatOpenAI`: LangChain's classes, under several instrumentations. */
const LANGCHAIN = /^(?:Azure)?Chat[A-Z]\w+$/;

/**
 * Says whether a span that starts may be an LLM call, by its attributes or else by its name. Some producers set their attributes only
 * after the start, and a sampler is not told who the producer is, so this is the one place that guesses: a wrong guess costs one
 * recorded span, which is not exported unless it has LLM attributes at its end. The names are those of real traces.
 */
export function looksLikeLlm(name: string, attributes: Readonly<Record<string, unknown>>): boolean {
  return hasLlmAttribute(attributes) || OPERATION.test(name) || PROVIDER.test(name) || LANGCHAIN.test(name);
}
