import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { readSpan } from "@spancost/core";
import { OPENAI_CHAT } from "@spancost/llm-wire";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import type { ProviderClaim } from "../../src/calls/provider-claim.ts";
import { type Answer, event, json, recordSpans, sse, startProvider } from "../scripted-provider.ts";

const provider = await startProvider();
const elsewhere = await startProvider();
const gone = await startProvider();
await gone.stop();
const spans = recordSpans();
const tracer = spans.tracerProvider.getTracer("@spancost/instrumentation-test");
const claim: ProviderClaim = {
  hosts: [],
  baseUrls: [`${provider.origin}/v1`, `${gone.origin}/v1`],
  formats: [OPENAI_CHAT],
  providerName: () => "openai",
  getTracer: () => tracer,
  reportFailure: (where, error) => expect.fail(`${where}: ${String(error)}`),
};
const URL_OF_CALL = `${provider.origin}/v1/chat/completions`;
const CALL = { method: "POST", body: JSON.stringify({ model: "m", stream: true }) };
const CHUNK = event({ id: "c1", model: "m-1", choices: [] });
const ERROR = { error: { message: "no", type: "server_error", code: null } };

beforeEach(() => {
  spans.reset();
  addClaim(claim);
});
afterEach(() => removeClaim(claim));
afterAll(async () => {
  await provider.stop();
  await elsewhere.stop();
});

const silent: Answer = () => {};
const hangUp: Answer = (response) => response.destroy();
/** A head and these pieces, then the connection breaks. */
function cut(...pieces: string[]): Answer {
  return async (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    for (const piece of pieces) response.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.destroy();
  };
}

async function abortUnanswered(reason: unknown) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 30);
  await fetch(URL_OF_CALL, { ...CALL, signal: controller.signal });
}

async function abortAnswered(reason: unknown) {
  const controller = new AbortController();
  const reading = (await fetch(URL_OF_CALL, { ...CALL, signal: controller.signal })).text();
  setTimeout(() => controller.abort(reason), 10);
  await reading;
}

/** What the ledger takes the call for. */
function toLedgerStatus(span: ReadableSpan | undefined): string {
  const reading = readSpan({
    name: span?.name ?? "",
    statusCode: span?.status.code ?? 0,
    attributes: span?.attributes ?? {},
    resourceAttributes: {},
    scopeName: span?.instrumentationScope.name ?? "",
    scopeVersion: "",
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
  });
  if (reading === null) return "no call";
  if (reading.refused) return "not_billed";
  return reading.usageKnown ? "priced" : "unknown_usage";
}

interface Ending {
  readonly name: string;
  readonly answer: Answer;
  readonly run: () => Promise<unknown>;
  readonly status: string;
  readonly errorType: string | undefined;
  readonly isError: boolean;
}
const text = async (url = URL_OF_CALL, init: RequestInit = CALL) => (await fetch(url, init)).text();

const ENDINGS: readonly Ending[] = [
  {
    name: "an abort before the response",
    answer: silent,
    run: () => abortUnanswered(undefined),
    status: "unknown_usage",
    errorType: "AbortError",
    isError: true,
  },
  {
    name: "an abort with a reason of the app's own",
    answer: silent,
    run: () => abortUnanswered(new Error("changed my mind")),
    status: "unknown_usage",
    errorType: "AbortError",
    isError: true,
  },
  {
    name: "an abort with a text as its reason",
    answer: silent,
    run: () => abortUnanswered("stop"),
    status: "unknown_usage",
    errorType: "AbortError",
    isError: true,
  },
  {
    name: "a timeout before the response",
    answer: silent,
    run: () => text(URL_OF_CALL, { ...CALL, signal: AbortSignal.timeout(30) }),
    status: "unknown_usage",
    errorType: "TimeoutError",
    isError: true,
  },
  {
    name: "an abort before anything was sent",
    answer: silent,
    run: () => text(URL_OF_CALL, { ...CALL, signal: AbortSignal.abort(new Error("never mind")) }),
    status: "not_billed",
    errorType: "Error",
    isError: true,
  },
  {
    name: "an abort in the middle",
    answer: sse([CHUNK], { end: false }),
    run: () => abortAnswered(undefined),
    status: "unknown_usage",
    errorType: undefined,
    isError: false,
  },
  {
    name: "an abort in the middle before any chunk, with a text as its reason",
    answer: sse([": ping\n\n"], { end: false }),
    run: () => abortAnswered("stop"),
    status: "unknown_usage",
    errorType: undefined,
    isError: false,
  },
  {
    name: "a timeout in the middle",
    answer: sse([": ping\n\n"], { end: false }),
    run: () => text(URL_OF_CALL, { ...CALL, signal: AbortSignal.timeout(40) }),
    status: "unknown_usage",
    errorType: "TimeoutError",
    isError: true,
  },
  {
    name: "a connection that breaks in the middle",
    answer: cut(CHUNK),
    run: () => text(),
    status: "unknown_usage",
    errorType: "UND_ERR_SOCKET",
    isError: true,
  },
  {
    name: "a connection that breaks after the head",
    answer: cut(),
    run: () => text(),
    status: "unknown_usage",
    errorType: "UND_ERR_SOCKET",
    isError: true,
  },
  {
    name: "a connection that breaks before the head",
    answer: hangUp,
    run: () => text(),
    status: "unknown_usage",
    errorType: "UND_ERR_SOCKET",
    isError: true,
  },
  {
    name: "a connection that nobody takes",
    answer: silent,
    run: () => text(`${gone.origin}/v1/chat/completions`),
    status: "not_billed",
    errorType: "ECONNREFUSED",
    isError: true,
  },
  {
    name: "a request that cannot be sent",
    answer: silent,
    run: () => text(URL_OF_CALL, { ...CALL, headers: { "bad header": "1" } }),
    status: "not_billed",
    errorType: "TypeError",
    isError: true,
  },
  {
    name: "a body that is no JSON",
    answer: (response) => response.writeHead(200, { "content-type": "application/json" }).end("<html>"),
    run: async () => (await fetch(URL_OF_CALL, CALL)).json(),
    status: "unknown_usage",
    errorType: undefined,
    isError: false,
  },
  {
    name: "an answer that cannot be decoded",
    answer: (response) =>
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end("no gzip"),
    run: () => text(),
    status: "unknown_usage",
    errorType: "terminated",
    isError: true,
  },
  {
    name: "an answer that is no HTTP",
    answer: (response) => response.socket?.end("SMTP\r\n\r\n"),
    run: () => text(),
    status: "unknown_usage",
    errorType: "terminated",
    isError: true,
  },
  {
    name: "a stream that nobody takes to its end",
    answer: sse([CHUNK], { end: false }),
    run: async () => (await fetch(URL_OF_CALL, CALL)).body?.cancel(),
    status: "unknown_usage",
    errorType: undefined,
    isError: false,
  },
  {
    name: "an error in a body of status 200",
    answer: json(ERROR),
    run: () => text(),
    status: "not_billed",
    errorType: "server_error",
    isError: true,
  },
  {
    name: "an error in the middle of a stream",
    answer: sse([CHUNK, event(ERROR)]),
    run: () => text(),
    status: "unknown_usage",
    errorType: "server_error",
    isError: true,
  },
  {
    name: "a refusal",
    answer: json(ERROR, 429),
    run: () => text(),
    status: "not_billed",
    errorType: "429",
    isError: true,
  },
  {
    name: "a redirect that the app follows itself",
    answer: (response) => response.writeHead(302, { location: "/v1/chat/completions" }).end(),
    run: () => text(URL_OF_CALL, { ...CALL, redirect: "manual" }),
    status: "not_billed",
    errorType: "302",
    isError: true,
  },
  {
    name: "a redirect that the app forbids",
    answer: (response) => response.writeHead(307, { location: "/v1/chat/completions" }).end(),
    run: () => text(URL_OF_CALL, { ...CALL, redirect: "error" }),
    status: "not_billed",
    errorType: "TypeError",
    isError: true,
  },
  {
    name: "a redirect to another host",
    answer: (response) => response.writeHead(307, { location: `${elsewhere.origin}/chat` }).end(),
    run: () => text(),
    status: "priced",
    errorType: undefined,
    isError: false,
  },
  {
    name: "an interim response before the response",
    answer: (response, request, body) => {
      response.writeProcessing();
      json({ id: "c2", model: "m", usage: { prompt_tokens: 1, completion_tokens: 2 } })(response, request, body);
    },
    run: () => text(),
    status: "priced",
    errorType: undefined,
    isError: false,
  },
  {
    name: "no content",
    answer: (response) => response.writeHead(204).end(),
    run: () => text(),
    status: "unknown_usage",
    errorType: undefined,
    isError: false,
  },
  {
    name: "a response that the app may not look into",
    answer: json({ id: "c2" }),
    run: () => text(URL_OF_CALL, { ...CALL, mode: "no-cors" }),
    status: "unknown_usage",
    errorType: undefined,
    isError: false,
  },
];

describe("a call that the fetch hook sees ends once and says what is known", () => {
  it.each(ENDINGS)("after $name", async ({ answer, run, status, errorType, isError }) => {
    elsewhere.script(json({ id: "c2", model: "m", usage: { prompt_tokens: 1, completion_tokens: 2 } }));
    provider.script(answer);
    await run().catch(() => {});
    const [span, ...more] = await spans.waitFor(1);
    expect(more).toEqual([]);
    expect([toLedgerStatus(span), span?.attributes["error.type"]]).toEqual([status, errorType]);
    expect(span?.status.code).toBe(isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
  });

  it("and a HEAD is no call", async () => {
    provider.script((response) => response.end());
    await fetch(URL_OF_CALL, { method: "HEAD" });
    expect(spans.finished()).toEqual([]);
  });
});
