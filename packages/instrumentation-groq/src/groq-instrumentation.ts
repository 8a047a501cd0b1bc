import { ProviderInstrumentation, type ProviderInstrumentationConfig } from "@spancost/instrumentation";
import {
  OPENAI_CHAT,
  OPENAI_COMPLETIONS,
  OPENAI_EMBEDDINGS,
  OPENAI_RESPONSES,
  OPENAI_SPEECH,
  OPENAI_TRANSCRIPTION,
} from "@spancost/llm-wire";
import { PACKAGE } from "./package-identity.ts";

/** Spans for Groq's OpenAI-compatible calls, whatever SDK calls them. */
export class GroqInstrumentation extends ProviderInstrumentation {
  constructor(config: ProviderInstrumentationConfig = {}) {
    super(
      {
        packageName: PACKAGE.name,
        packageVersion: PACKAGE.version,
        hosts: ["api.groq.com"],
        formats: [
          OPENAI_CHAT,
          OPENAI_RESPONSES,
          OPENAI_EMBEDDINGS,
          OPENAI_COMPLETIONS,
          OPENAI_SPEECH,
          OPENAI_TRANSCRIPTION,
        ],
        providerName: () => "groq",
      },
      config,
    );
  }
}
