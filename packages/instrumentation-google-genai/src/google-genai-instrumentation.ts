import { ProviderInstrumentation, type ProviderInstrumentationConfig } from "@spancost/instrumentation";
import { GEMINI_EMBED_CONTENT, GEMINI_GENERATE_CONTENT } from "@spancost/llm-wire";
import { PACKAGE } from "./package-identity.ts";

/** What Vertex AI's paths have, on every host and behind every proxy, and AI Studio's do not. */
const VERTEX_PATH = "/publishers/";

/** Spans for Gemini calls on AI Studio and Vertex AI, whatever SDK calls them. */
export class GoogleGenAIInstrumentation extends ProviderInstrumentation {
  constructor(config: ProviderInstrumentationConfig = {}) {
    super(
      {
        packageName: PACKAGE.name,
        packageVersion: PACKAGE.version,
        hosts: ["generativelanguage.googleapis.com", "aiplatform.googleapis.com", "*-aiplatform.googleapis.com"],
        formats: [GEMINI_GENERATE_CONTENT, GEMINI_EMBED_CONTENT],
        providerName: (url) => (isVertex(url) ? "gcp.vertex_ai" : "gcp.gemini"),
      },
      config,
    );
  }
}

function isVertex(url: URL): boolean {
  return url.hostname.endsWith("aiplatform.googleapis.com") || url.pathname.includes(VERTEX_PATH);
}
