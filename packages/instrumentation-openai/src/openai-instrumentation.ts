import { ProviderInstrumentation, type ProviderInstrumentationConfig } from "@spancost/instrumentation";
import { COMPATIBLE_PROVIDERS } from "./compatible-providers.ts";
import { createOpenAIFormats } from "./openai-formats.ts";
import { PACKAGE } from "./package-identity.ts";

/** Spans for the calls of OpenAI, Azure OpenAI and the providers that speak OpenAI's formats, whatever SDK calls them. */
export class OpenAIInstrumentation extends ProviderInstrumentation {
  constructor(config: ProviderInstrumentationConfig = {}) {
    super(
      {
        packageName: PACKAGE.name,
        packageVersion: PACKAGE.version,
        // The regional hosts: https://platform.openai.com/docs/guides/your-data, read 2026-11-20.
        hosts: ["api.openai.com", "*.api.openai.com"],
        formats: createOpenAIFormats(),
        providerName: () => "openai",
        asksForUsage: () => true,
        compatible: COMPATIBLE_PROVIDERS,
      },
      config,
    );
  }
}
