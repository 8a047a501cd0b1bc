import type { SimulatedProvider } from "./billing-journal.ts";

/** What goes wrong with a request: a refusal with a status and nothing billed, or a stream that is cut in the middle. */
export type Fault = { readonly kind: "refuse"; readonly status: FaultStatus } | { readonly kind: "drop" };

type FaultStatus = 429 | 500;

/** A provider's refusal as it goes over the wire. */
export interface Refusal {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Decides the fault that a `[fault=...]` marker asks for. */
export type FaultScript = (marker: string | undefined) => Fault | undefined;

/**
 * Knows `429`, `500` and `drop`, each time or, as `429-once:KEY`, only the first time for a key.
 * An unknown marker is no fault.
 */
export function createFaultScript(): FaultScript {
  const spent = new Set<string>();
  return (marker) => {
    const [, name, once] = /^(429|500|drop)(-once:.+)?$/.exec(marker ?? "") ?? [];
    if (name === undefined) return undefined;
    if (once !== undefined && spent.has(`${name}${once}`)) return undefined;
    spent.add(`${name}${once ?? ""}`);
    return name === "drop" ? { kind: "drop" } : { kind: "refuse", status: name === "429" ? 429 : 500 };
  };
}

/** Makes the SDKs retry at once. */
const RETRY_SOON = { "retry-after-ms": "1" };

/** The error body and headers of a refusal, as the provider's real service words it. */
export function toRefusal(provider: SimulatedProvider, status: FaultStatus, model: string, requestId: string): Refusal {
  const named = provider === "bedrock" ? { "x-amzn-errortype": AWS_ERRORS[status] } : {};
  return { headers: { ...RETRY_SOON, ...named }, body: REFUSALS[provider][status](model, requestId) };
}

/** AWS names an error in a header. */
const AWS_ERRORS = { 429: "ThrottlingException", 500: "InternalServerException" } as const;

type RefusalBody = (model: string, requestId: string) => unknown;

/** Bodies as seen from the services; the same shapes stand in their API references under "errors". */
const REFUSALS: Readonly<Record<SimulatedProvider, Readonly<Record<FaultStatus, RefusalBody>>>> = {
  openai: {
    429: (model) =>
      toOpenAIError(`Rate limit reached for ${model} on requests per min (RPM).`, "requests", "rate_limit_exceeded"),
    500: () =>
      toOpenAIError("The server had an error while processing your request. Sorry about that!", "server_error", null),
  },
  anthropic: {
    429: (_model, requestId) =>
      toAnthropicError("rate_limit_error", "This request would exceed your rate limit.", requestId),
    500: (_model, requestId) => toAnthropicError("api_error", "Internal server error", requestId),
  },
  google: {
    429: () => toGoogleError(429, "Resource has been exhausted (e.g. check quota).", "RESOURCE_EXHAUSTED"),
    500: () => toGoogleError(500, "An internal error has occurred. Please retry.", "INTERNAL"),
  },
  groq: {
    429: (model) => ({
      error: { message: `Rate limit reached for model \`${model}\`.`, type: "tokens", code: "rate_limit_exceeded" },
    }),
    500: () => ({ error: { message: "Internal Server Error", type: "internal_server_error" } }),
  },
  bedrock: {
    429: () => ({ message: "Too many requests, please wait before trying again." }),
    500: () => ({ message: "The system encountered an unexpected error during processing. Try your request again." }),
  },
};

function toOpenAIError(message: string, type: string, code: string | null): object {
  return { error: { message, type, param: null, code } };
}

function toAnthropicError(type: string, message: string, requestId: string): object {
  return { type: "error", error: { type, message }, request_id: requestId };
}

function toGoogleError(code: number, message: string, status: string): object {
  return { error: { code, message, status } };
}
