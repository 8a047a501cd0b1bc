/**
 * Attributes, and prefixes of attributes (with a trailing `*`), in which producers put prompts, completions and tool data.
 * `llm.invocation_parameters` is a JSON of request options that may hold system prompts and tools.
 */
const CONTENT_ATTRIBUTES = [
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.system_instructions",
  "gen_ai.prompt*",
  "gen_ai.completion*",
  "gen_ai.content.*",
  "gen_ai.event.content",
  "gen_ai.request.messages",
  "gen_ai.response.text",
  "gen_ai.response.tool_calls",
  "gen_ai.tool.call.arguments",
  "gen_ai.tool.call.result",
  "gen_ai.tool.definitions",
  "gen_ai.tool.input",
  "gen_ai.tool.output",
  "gen_ai.input",
  "gen_ai.output",
  "ai.prompt*",
  "ai.response.text",
  "ai.response.object",
  "ai.response.reasoning",
  "ai.response.toolCalls",
  "ai.response.files",
  "ai.result.*",
  "ai.toolCall.args",
  "ai.toolCall.result",
  "ai.value",
  "ai.values",
  "ai.embedding",
  "ai.embeddings",
  "ai.schema*",
  "ai.settings.system",
  "input.value",
  "output.value",
  "llm.input_messages*",
  "llm.output_messages*",
  "llm.prompts*",
  "llm.prompt_template*",
  "llm.tools*",
  "llm.function_call",
  "llm.choices*",
  "llm.invocation_parameters",
  "embedding.embeddings*",
  "embedding.text",
  "retrieval.documents*",
  "reranker.input_documents*",
  "reranker.output_documents*",
  "reranker.query",
  "tool.parameters",
  "tool.output",
  "message.content",
  "metadata.gen_ai.system_instructions",
  "traceloop.entity.input",
  "traceloop.entity.output",
  "traceloop.prompt.template*",
  "langfuse.observation.input",
  "langfuse.observation.output",
  "langfuse.trace.input",
  "langfuse.trace.output",
  "langsmith.inputs*",
  "langsmith.outputs*",
  "genkit:input",
  "genkit:output",
  "genkit:metadata:input",
  "genkit:metadata:output",
] as const;

const EXACT: ReadonlySet<string> = new Set(CONTENT_ATTRIBUTES.filter((name) => !name.includes("*")));
const PREFIXES = CONTENT_ATTRIBUTES.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
const MASTRA_CONTENT = /^mastra\.\w+\.(?:input|output)$|^mastra\.metadata\.(?:body|headers)$/;
const LIVEKIT_TEXT = /^lk\..*text$/;
const MESSAGE_LISTS = /^gen_ai\..*messages$/;
/** Headers of requests and answers hold keys and cookies; what called is worth keeping. */
const HEADER = /(?:^|\.)headers?\.(?!user[-_]agent$)/i;
const PATTERNS = [MASTRA_CONTENT, LIVEKIT_TEXT, MESSAGE_LISTS, HEADER];

/** Events of the GenAI conventions, past and present, that stand for a message; elsewhere such plain names mean something else. */
const CONTENT_EVENT = /^gen_ai\.(?:choice$|client\.inference\.operation\.details$|content\.|.*\.message$)/;
const EVENT_CONTENT: ReadonlySet<string> = new Set(["content", "message", "tool_calls"]);

/**
 * Whether an attribute holds what users and models said, or a secret: it is dropped before storage unless the operator asks for it.
 * For an attribute of a span's event, `eventName` is the event's name.
 */
export function isContentAttribute(key: string, eventName?: string): boolean {
  return (
    EXACT.has(key) ||
    PREFIXES.some((prefix) => key.startsWith(prefix)) ||
    PATTERNS.some((pattern) => pattern.test(key)) ||
    (eventName !== undefined && isEventContent(key, eventName))
  );
}

function isEventContent(key: string, eventName: string): boolean {
  return EVENT_CONTENT.has(key) && CONTENT_EVENT.test(eventName);
}
