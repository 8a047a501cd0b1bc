import type { SimulatedProvider } from "./billing-journal.ts";
import type { BilledUsage } from "./canonical-usage.ts";
import { type JsonObject, readString } from "./json-reading.ts";
import type { SimulatedModel } from "./model-catalog.ts";
import { planImageUsage, planSpeechUsage, planTranscriptionUsage } from "./plan-media-usage.ts";
import { planBedrockUsage, planEmbeddingUsage, planUsage } from "./plan-usage.ts";
import type { Draw } from "./token-draw.ts";
import { answerAnthropicMessages } from "./wire/anthropic-messages.ts";
import { answerBedrockConverse } from "./wire/bedrock-converse.ts";
import { answerBedrockInvoke } from "./wire/bedrock-invoke.ts";
import { answerGeminiGenerate } from "./wire/gemini-generate.ts";
import { answerGroqChat } from "./wire/groq-chat.ts";
import { answerOpenAISpeech, answerOpenAITranscription } from "./wire/openai-audio.ts";
import { answerOpenAIChat } from "./wire/openai-chat.ts";
import { answerOpenAIEmbeddings } from "./wire/openai-embeddings.ts";
import { answerOpenAIImages } from "./wire/openai-images.ts";
import { answerOpenAIResponses } from "./wire/openai-responses.ts";
import type { WireAnswer, WireCall } from "./wire/wire-call.ts";

/** One provider API: where it is, what it bills and how it answers. */
export interface Endpoint {
  readonly provider: SimulatedProvider;
  /** Matches the path without the query and without the simulator's own prefix. */
  readonly path: RegExp;
  readonly planUsage: (request: JsonObject, model: SimulatedModel, draw: Draw) => BilledUsage;
  readonly answer: (call: WireCall) => WireAnswer;
}

/** What a request asks for; `model` is absent when the request does not name one. */
export interface Target {
  readonly endpoint: Endpoint;
  readonly model: string | undefined;
  readonly streamed: boolean;
}

const ENDPOINTS: readonly Endpoint[] = [
  { provider: "openai", path: /^\/v1\/chat\/completions$/, planUsage, answer: answerOpenAIChat },
  { provider: "openai", path: /^\/v1\/responses$/, planUsage, answer: answerOpenAIResponses },
  {
    provider: "openai",
    path: /^\/v1\/embeddings$/,
    planUsage: (request, _model, draw) => planEmbeddingUsage(request, draw),
    answer: answerOpenAIEmbeddings,
  },
  {
    provider: "openai",
    path: /^\/v1\/audio\/speech$/,
    planUsage: planSpeechUsage,
    answer: answerOpenAISpeech,
  },
  {
    provider: "openai",
    path: /^\/v1\/audio\/transcriptions$/,
    planUsage: planTranscriptionUsage,
    answer: answerOpenAITranscription,
  },
  {
    provider: "openai",
    path: /^\/v1\/images\/(?:generations|edits)$/,
    planUsage: planImageUsage,
    answer: answerOpenAIImages,
  },
  { provider: "anthropic", path: /^\/v1\/messages$/, planUsage, answer: answerAnthropicMessages },
  {
    provider: "google",
    path: /^\/v1(?:beta|alpha)?\/models\/(?<model>[^/:]+):(?<method>generateContent|streamGenerateContent)$/,
    planUsage,
    answer: answerGeminiGenerate,
  },
  { provider: "groq", path: /^\/openai\/v1\/chat\/completions$/, planUsage, answer: answerGroqChat },
  {
    provider: "bedrock",
    path: /^\/model\/(?<model>[^/]+)\/(?<method>converse|converse-stream)$/,
    planUsage: planBedrockUsage,
    answer: answerBedrockConverse,
  },
  {
    provider: "bedrock",
    path: /^\/model\/(?<model>[^/]+)\/(?<method>invoke|invoke-with-response-stream)$/,
    planUsage: (request, model, draw) =>
      model.responded.includes("-embed") ? planEmbeddingUsage(request, draw) : planBedrockUsage(request, model, draw),
    answer: answerBedrockInvoke,
  },
];

/** A prefix tells the providers apart by more than their paths, e.g. `/openai-api/v1/...`; it may be left out. */
const PROVIDER_PREFIX = /^\/(?:openai|anthropic|google|groq|bedrock)-api(?=\/)/;

/** Finds the provider API that a path belongs to. */
export function findEndpoint(path: string): Endpoint | undefined {
  const ownPath = path.replace(PROVIDER_PREFIX, "");
  return ENDPOINTS.find((endpoint) => endpoint.path.test(ownPath));
}

/** Methods that stream, of the providers whose paths name them. */
const STREAMING_METHODS: ReadonlySet<string> = new Set([
  "streamGenerateContent",
  "converse-stream",
  "invoke-with-response-stream",
]);

/** Reads model and streaming from the body or, as Gemini and Bedrock have it, from the path. */
export function readTarget(endpoint: Endpoint, path: string, request: JsonObject): Target {
  const fromPath = endpoint.path.exec(path.replace(PROVIDER_PREFIX, ""))?.groups;
  const model = decode(fromPath?.["model"]) ?? readString(request, "model");
  const streamed =
    fromPath === undefined ? isAsked(request["stream"]) : STREAMING_METHODS.has(fromPath["method"] ?? "");
  return { endpoint, model, streamed };
}

/** A form has only texts. */
function isAsked(value: unknown): boolean {
  return value === true || value === "true";
}

/** Bedrock's model ids hold colons and slashes, which clients escape. */
function decode(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The headers that the provider's real service sends with every answer. */
export function toProviderHeaders(provider: SimulatedProvider, requestId: string): Readonly<Record<string, string>> {
  return PROVIDER_HEADERS[provider](requestId);
}

const PROVIDER_HEADERS: Readonly<Record<SimulatedProvider, (requestId: string) => Readonly<Record<string, string>>>> = {
  openai: (id) => ({ "x-request-id": id, "openai-version": "2020-10-01", "openai-processing-ms": "12" }),
  anthropic: (id) => ({ "request-id": id, "anthropic-organization-id": "00000000-0000-0000-0000-000000000000" }),
  google: () => ({ "x-content-type-options": "nosniff", server: "scaffolding on HTTPServer2" }),
  groq: (id) => ({ "x-request-id": id, "x-groq-region": "us-east-1" }),
  bedrock: (id) => ({ "x-amzn-requestid": id }),
};
