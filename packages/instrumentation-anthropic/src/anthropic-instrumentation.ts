import { ProviderInstrumentation, type ProviderInstrumentationConfig } from "@spancost/instrumentation";
import { ANTHROPIC_MESSAGES } from "@spancost/llm-wire";
import { PACKAGE } from "./package-identity.ts";

/** Spans for Anthropic messages, whatever SDK calls them. */
export class AnthropicInstrumentation extends ProviderInstrumentation {
  constructor(config: ProviderInstrumentationConfig = {}) {
    super(
      {
        packageName: PACKAGE.name,
        packageVersion: PACKAGE.version,
        hosts: ["api.anthropic.com"],
        formats: [ANTHROPIC_MESSAGES],
        providerName: () => "anthropic",
        // Claude on Microsoft Foundry: `https://NAME.services.ai.azure.com/anthropic/v1/messages`, as in @anthropic-ai/foundry-sdk.
        compatible: [{ name: "azure.ai.inference", hosts: ["*.services.ai.azure.com"], formats: [ANTHROPIC_MESSAGES] }],
      },
      config,
    );
  }
}
