import { type Context, SpanKind, context, createContextKey, diag, trace } from "@opentelemetry/api";
import { UNKNOWN_OUTCOME } from "@spancost/llm-wire";
import { toRequestAttributes } from "./call-attributes.ts";
import { type ClaimedRequest, ClaimTable } from "./claim-table.ts";
import { observeResponse } from "./observe-response.ts";
import { ObservedCall } from "./observed-call.ts";
import type { ProviderClaim } from "./provider-claim.ts";
import { type FetchArguments, readBodyText, readHeader, readMethod, readUrl } from "./request-facts.ts";

type Fetch = typeof globalThis.fetch;
type FetchParameters = Parameters<Fetch>;

/** The key under which every OpenTelemetry SDK marks its own work; `createContextKey` gives the same symbol everywhere. */
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
/** Sent with each attempt by the OpenAI, Anthropic and Groq SDKs: 0 for the first. */
const RETRY_COUNT_HEADER = "x-stainless-retry-count";

const claims = new ClaimTable();
/** The hook and what it stands in front of, from the first claim on. */
let installed: { readonly hook: Fetch; readonly original: Fetch } | undefined;

/** Shows a provider's calls to its instrumentation until `removeClaim`; the first claim installs the hook of `fetch`. */
export function addClaim(claim: ProviderClaim): void {
  claims.add(claim);
  if (installed !== undefined || typeof globalThis.fetch !== "function") return;
  const original = globalThis.fetch;
  const hook = createHook(original);
  if (replaceFetch(hook)) installed = { hook, original };
}

/**
 * Takes a claim back; the last one removes the hook. When somebody has wrapped `fetch` after us it stays underneath, passing
 * everything on, and serves again when the next claim comes: taking it out would take theirs out as well.
 */
export function removeClaim(claim: ProviderClaim): void {
  claims.remove(claim);
  if (!claims.isEmpty || installed === undefined || globalThis.fetch !== installed.hook) return;
  if (replaceFetch(installed.original)) installed = undefined;
}

function replaceFetch(replacement: Fetch): boolean {
  try {
    globalThis.fetch = replacement;
    return true;
  } catch (error) {
    diag.error("spancost: globalThis.fetch cannot be replaced; LLM calls are not seen", error);
    return false;
  }
}

function createHook(original: Fetch): Fetch {
  const hook = function fetch(this: unknown, ...args: FetchParameters): Promise<Response> {
    const url = readUrl(args[0]);
    if (url === undefined || !claims.mayClaim(url)) return Reflect.apply(original, this, args);
    const started = startCall(url, { input: args[0], init: args[1] });
    if (started === undefined) return Reflect.apply(original, this, args);
    return watchFetch(started.call, () => context.with(started.context, () => Reflect.apply(original, this, args)));
  };
  // Name, length and what others left on the function, such as Bun's `preconnect`.
  const { prototype: _prototype, ...properties } = Object.getOwnPropertyDescriptors(original) as PropertyDescriptorMap;
  return Object.defineProperties(hook, properties) as Fetch;
}

interface StartedCall {
  readonly call: ObservedCall;
  readonly context: Context;
}

/** Starts the span of a claimed request; `undefined` when nobody would see it. */
function startCall(requestUrl: string, args: FetchArguments): StartedCall | undefined {
  let claimed: ClaimedRequest | undefined;
  try {
    const active = context.active();
    if (active.getValue(SUPPRESS_TRACING) === true) return undefined;
    const url = URL.parse(requestUrl);
    claimed = url === null ? undefined : claims.find(readMethod(args), url);
    if (url === null || claimed === undefined) return undefined;
    const { claim, format } = claimed;
    const request = format.readRequest(url.pathname, readBodyText(args));
    const name = request.requestModel === null ? request.operation : `${request.operation} ${request.requestModel}`;
    const attributes = toRequestAttributes(request, claim.providerName(url), url, readAttempt(args));
    const span = claim.getTracer().startSpan(name, { kind: SpanKind.CLIENT, attributes }, active);
    const call = new ObservedCall(span, claim, format);
    return span.isRecording() ? { call, context: trace.setSpan(active, span) } : undefined;
  } catch (error) {
    claimed?.claim.reportFailure("starting the span", error);
    return undefined;
  }
}

function readAttempt(args: FetchArguments): number {
  const header = readHeader(args, RETRY_COUNT_HEADER);
  return header !== null && /^\d{1,4}$/.test(header) ? Number(header) : 0;
}

function watchFetch(call: ObservedCall, send: () => Promise<Response>): Promise<Response> {
  let pending: Promise<Response>;
  try {
    pending = send();
  } catch (error) {
    call.fail(error);
    throw error;
  }
  return pending.then(
    (response) => {
      const isObserved = call.guard("observing the response", () => {
        if (call.respond(response.status)) observeResponse(response, call);
      });
      if (!isObserved) call.complete(UNKNOWN_OUTCOME);
      return response;
    },
    (error: unknown) => {
      call.fail(error);
      throw error;
    },
  );
}
