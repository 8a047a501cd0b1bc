import { ProviderInstrumentation, type ProviderInstrumentationConfig } from "@spancost/instrumentation";
import {
  ANTHROPIC_VERTEX,
  GEMINI_EMBED_CONTENT,
  GEMINI_GENERATE_CONTENT,
  OPENAI_EMBEDDINGS,
  createOpenAIChatFormat,
  readGeminiCompatibleUsage,
} from "@spancost/llm-wire";
import { PACKAGE } from "./package-identity.ts";

/** What Vertex AI's paths have, on every host and behind every proxy, and AI Studio's do not. */
const VERTEX_PATH = /\/publishers\/|\/endpoints\/openapi\//;

/** `/projects/P/locations/us-east5/...`: some models cost more outside of `global`. */
const LOCATION = /\/locations\/([^/]+)\//;

/** Spans for calls of Gemini on AI Studio and Vertex AI, in OpenAI's format too, and of Claude on Vertex AI, whatever SDK calls them. */
export class GoogleGenAIInstrumentation extends ProviderInstrumentation {
  constructor(config: ProviderInstrumentationConfig = {}) {
    super(
      {
        packageName: PACKAGE.name,
        packageVersion: PACKAGE.version,
        hosts: [
          "generativelanguage.googleapis.com",
          "aiplatform.googleapis.com",
          "*-aiplatform.googleapis.com",
          "aiplatform.*.rep.googleapis.com",
        ],
        formats: [
          GEMINI_GENERATE_CONTENT,
          GEMINI_EMBED_CONTENT,
          ANTHROPIC_VERTEX,
          // Both speak OpenAI's format too: `/v1beta/openai/chat/completions`, `.../endpoints/openapi/chat/completions`.
          createOpenAIChatFormat({ readUsage: readGeminiCompatibleUsage }),
          OPENAI_EMBEDDINGS,
        ],
        providerName: (url) => (isVertex(url) ? "gcp.vertex_ai" : "gcp.gemini"),
        inferenceRegion: (url) => LOCATION.exec(url.pathname)?.[1] ?? null,
      },
      config,
    );
  }
}

function isVertex(url: URL): boolean {
  return url.hostname.endsWith("aiplatform.googleapis.com") || VERTEX_PATH.test(url.pathname);
}
