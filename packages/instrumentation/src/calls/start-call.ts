import { type Context, SpanKind, context, createContextKey, trace } from "@opentelemetry/api";
import type { StreamFilter } from "@spancost/llm-wire";
import { countAttempt, rememberAttempt } from "./attempts.ts";
import { readCallerSpanId } from "./caller-span.ts";
import { toRequestAttributes } from "./call-attributes.ts";
import type { ClaimTable, ClaimedRequest } from "./claim-table.ts";
import { ObservedCall } from "./observed-call.ts";

/** What a hook knows of a request before it is sent. */
export interface RequestFacts {
  /** Absolute. */
  readonly url: string;
  /** In upper case. */
  readonly method: string;
  /** When the request was made, in milliseconds since the epoch; absent: just now. */
  readonly startTimeMs?: number | undefined;
  /** The body as text when it is at hand, `null` otherwise; consumes nothing. */
  readBody(): string | null;
  /** A text field of the form that is the body, or `null`; consumes nothing. Absent: forms cannot be read. */
  readFormField?(name: string): string | null;
  /** A header's value, or `null`. `name` in lower case. */
  readHeader(name: string): string | null;
}

/** A claimed request whose span has started. */
export interface StartedCall {
  readonly call: ObservedCall;
  /** To send the request in. */
  readonly context: Context;
  /**
   * The request with the wish for usage added; `undefined` when it has one, wants no stream, or its host may not be asked.
   * @param canRepeat whether the app's own request can follow one that was refused
   */
  askForUsage(canRepeat: boolean): AskedUsage | undefined;
}

/** A request that asks for usage although its caller does not. */
export interface AskedUsage {
  /** To send instead of the caller's. */
  readonly body: string;
  /** Takes out of one response what only the wish brought into it. */
  createFilter(): StreamFilter;
}

/** The key under which every OpenTelemetry SDK marks its own work; `createContextKey` gives the same symbol everywhere. */
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** Starts the span of a claimed request; `undefined` when nobody would see it. Never throws. */
export function startCall(claims: ClaimTable, facts: RequestFacts): StartedCall | undefined {
  let claimed: ClaimedRequest | undefined;
  try {
    const active = context.active();
    if (active.getValue(SUPPRESS_TRACING) === true) return undefined;
    const url = URL.parse(facts.url);
    claimed = url === null ? undefined : claims.find(facts.method, url);
    if (url === null || claimed === undefined) return undefined;
    const { claim, format } = claimed;
    const body = facts.readBody();
    const request = format.readRequest(url.pathname, body, (field) => facts.readFormField?.(field) ?? null);
    const name = request.requestModel === null ? request.operation : `${request.operation} ${request.requestModel}`;
    const attempt = countAttempt(facts, body, readCallerSpanId(trace.getSpan(active)));
    const provider = {
      providerName: claim.providerName(url),
      inferenceRegion: claim.inferenceRegion?.(url, (header) => facts.readHeader(header)) ?? null,
    };
    const attributes = toRequestAttributes(request, provider, url, attempt.number);
    const { startTimeMs } = facts;
    const time = startTimeMs === undefined ? {} : { startTime: startTimeMs };
    const span = claim.getTracer().startSpan(name, { kind: SpanKind.CLIENT, attributes, ...time }, active);
    if (!span.isRecording()) return undefined;
    const call = new ObservedCall(span, claim, request.responseFormat ?? format, () => rememberAttempt(attempt));
    const askForUsage = (canRepeat: boolean) => addWish(claimed, url, body, canRepeat);
    return { call, context: trace.setSpan(active, span), askForUsage };
  } catch (error) {
    claimed?.claim.reportFailure("starting the span", error);
    return undefined;
  }
}

function addWish(
  claimed: ClaimedRequest | undefined,
  url: URL,
  body: string | null,
  canRepeat: boolean,
): AskedUsage | undefined {
  const usage = claimed?.format.unaskedUsage;
  if (claimed === undefined || usage === undefined || body === null) return undefined;
  try {
    if (claimed.claim.asksForUsage?.(url, canRepeat) !== true) return undefined;
    const changed = usage.addTo(body);
    return changed === null ? undefined : { body: changed, createFilter: () => usage.createFilter() };
  } catch (error) {
    claimed.claim.reportFailure("asking for usage", error);
    return undefined;
  }
}
