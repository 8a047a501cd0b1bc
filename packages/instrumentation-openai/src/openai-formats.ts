import {
  OPENAI_EMBEDDINGS,
  OPENAI_IMAGES,
  OPENAI_RESPONSES,
  OPENAI_SPEECH,
  OPENAI_TRANSCRIPTION,
  type OpenAIQuirks,
  type WireFormat,
  createOpenAIChatFormat,
  createOpenAICompletionsFormat,
} from "@spancost/llm-wire";

/** The formats in which OpenAI, or a provider that speaks OpenAI's, answers; chat and completions read in its way. */
export function createOpenAIFormats(quirks: OpenAIQuirks = {}): readonly WireFormat[] {
  return [
    createOpenAIChatFormat(quirks),
    OPENAI_RESPONSES,
    OPENAI_EMBEDDINGS,
    createOpenAICompletionsFormat(quirks),
    OPENAI_SPEECH,
    OPENAI_TRANSCRIPTION,
    OPENAI_IMAGES,
  ];
}
