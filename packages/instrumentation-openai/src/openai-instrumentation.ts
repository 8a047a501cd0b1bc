import { ProviderInstrumentation, type ProviderInstrumentationConfig } from "@spancost/instrumentation";
import { OPENAI_CHAT, OPENAI_EMBEDDINGS, OPENAI_RESPONSES } from "@spancost/llm-wire";
import { PACKAGE } from "./package-identity.ts";

/** Spans for OpenAI chat completions, responses and embeddings, whatever SDK calls them. */
export class OpenAIInstrumentation extends ProviderInstrumentation {
  constructor(config: ProviderInstrumentationConfig = {}) {
    super(
      {
        packageName: PACKAGE.name,
        packageVersion: PACKAGE.version,
        hosts: ["api.openai.com"],
        formats: [OPENAI_CHAT, OPENAI_RESPONSES, OPENAI_EMBEDDINGS],
        providerName: () => "openai",
      },
      config,
    );
  }
}
