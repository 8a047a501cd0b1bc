import type { SimulatedProvider } from "../billing-journal.ts";

/** The base URL of each provider on a simulator, as it is given to the provider's SDK and to its instrumentation. */
export function toProviderUrls(simulatorUrl: string): Readonly<Record<SimulatedProvider, string>> {
  return {
    openai: `${simulatorUrl}/openai-api/v1`,
    anthropic: `${simulatorUrl}/anthropic-api`,
    google: `${simulatorUrl}/google-api`,
    groq: `${simulatorUrl}/groq-api`,
    bedrock: `${simulatorUrl}/bedrock-api`,
  };
}
