import { formatDecimal, MONEY_SCALE, readSpan } from "../../core/src/index.ts";
import { priceCall } from "../../rates/src/index.ts";
import { OpenAIInstrumentation } from "../src/index.ts";
import { recordSpans } from "../../instrumentation/test/scripted-provider.ts";

/** When the calls are priced: prices change. */
const PRICED_AT = Date.UTC(2026, 5, 15, 12);

/** What a host answers to. */
export interface SentRequest {
  readonly url: string;
  readonly body: unknown;
}

/** The internet in a function: every host answers what the test says. Stands where the platform's `fetch` stood. */
export function startInternet() {
  const platformFetch = globalThis.fetch;
  const sent: SentRequest[] = [];
  let answer: (body: unknown) => Response = () => new Response(null, { status: 501 });
  globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    sent.push({ url, body: init?.body });
    return Promise.resolve(answer(init?.body));
  };
  const spans = recordSpans();
  const instrumentation = new OpenAIInstrumentation({
    enabled: false,
    baseUrls: [
      { url: "http://10.0.0.7:8000/v1", provider: "vllm" },
      { url: "http://10.0.0.7:8080/v1", provider: "llama_cpp" },
      { url: "https://llm.acme.test/xai/v1", provider: "x_ai" },
      { url: "https://llm.acme.test/own/v1", provider: "acme" },
    ],
  });
  instrumentation.setTracerProvider(spans.tracerProvider);
  instrumentation.enable();
  return {
    sent,
    instrumentation,
    answer: (next: (body: unknown) => Response) => void (answer = next),
    reset(): void {
      spans.reset();
      sent.length = 0;
    },
    finished: () => spans.finished(),
    stop(): void {
      instrumentation.disable();
      globalThis.fetch = platformFetch;
    },
  };
}

export function jsonResponse(body: unknown): Response {
  return new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
}

export function sseResponse(events: readonly string[]): Response {
  return new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });
}

type FinishedSpan = ReturnType<ReturnType<typeof recordSpans>["finished"]>[number];

/** What the ledger makes of a span: the exact cost in USD, or why there is none. */
export function priceOfSpan(span: FinishedSpan | undefined): string {
  if (span === undefined) return "no span";
  const reading = readSpan({
    name: span.name,
    scopeName: span.instrumentationScope.name,
    scopeVersion: span.instrumentationScope.version ?? "",
    statusCode: span.status.code,
    attributes: span.attributes,
    resourceAttributes: {},
    startTimeUnixNano: 0n,
    endTimeUnixNano: 1n,
  });
  if (reading === null) return "no call";
  const priced = priceCall(reading, PRICED_AT);
  return priced.outcome === "priced"
    ? formatDecimal(priced.costPicoUsd, MONEY_SCALE)
    : `${priced.outcome}: ${priced.reason}`;
}
