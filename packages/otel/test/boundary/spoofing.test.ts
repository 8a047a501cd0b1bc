import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import type { Express, Request } from "express";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { attribution } from "../../src/express.ts";
import {
  AttributionPropagator,
  type AttributionPropagatorOptions,
  AttributionSpanProcessor,
  getOtelCounters,
  setAttribution,
  withAttribution,
} from "../../src/index.ts";
import { KEY, NEXT_KEY, TRACEPARENT } from "./keys.ts";

const require = createRequire(import.meta.url);
const exporter = new InMemorySpanExporter();
const closing: (() => void)[] = [];

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const spanProcessors = [new AttributionSpanProcessor(), new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new NodeTracerProvider({ spanProcessors }));
  expect(new HttpInstrumentation().isEnabled()).toBe(true);
  require("node:http");
});
afterEach(() => {
  exporter.reset();
  for (const close of closing.splice(0)) close();
});

interface Service {
  readonly options?: AttributionPropagatorOptions;
  readonly trustedPeers?: readonly string[];
  readonly authenticate?: (request: Request) => string | undefined;
}

/** A product's server: our propagator, our middleware, and a handler that makes one LLM call. */
async function start({ options, trustedPeers, authenticate = () => undefined }: Service): Promise<string> {
  propagation.disable();
  const ours = new AttributionPropagator({ signingKeys: [KEY], ...options });
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), ours] }));
  // After the instrumentation, so that Express makes its server with the patched module.
  const createApp = require("express") as () => Express;
  const app = createApp();
  app.use(
    attribution(
      (request: Request) => {
        const tenantId = authenticate(request);
        return tenantId === undefined ? undefined : { tenantId };
      },
      { trustedPeers },
    ),
  );
  app.get("/late", (request, _response, next) => {
    setAttribution({ tenantId: request.get("x-session") });
    next();
  });
  app.get("/{*any}", (_request, response) => {
    const attributes = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai" };
    trace.getTracer("llm").startSpan("chat", { attributes }).end();
    response.end();
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Who pays for the LLM call of a request with these headers. */
async function payerOf(url: string, headers: Record<string, string>): Promise<unknown> {
  exporter.reset();
  expect((await fetch(url, { headers })).status).toBe(200);
  const spans = exporter.getFinishedSpans().filter(({ name }) => name === "chat");
  expect(spans).toHaveLength(1);
  return spans[0]?.attributes["tenant_id"];
}

const sign = (key = KEY, tenantId = "acme"): string =>
  withAttribution(
    { tenantId },
    () => new AttributionPropagator({ signingKeys: [key] }).write(TRACEPARENT)?.baggage ?? "",
  );

describe("a stranger", () => {
  it("costs the victim nothing by naming it, and is counted", async () => {
    const url = await start({});
    const before = getOtelCounters();
    for (const baggage of [
      "tenant_id=victim",
      "tenant%5Fid=victim",
      "tenant_id=victim,spancost.sig=v1.2026-11.9999999999.x",
    ]) {
      expect(await payerOf(url, { baggage, traceparent: TRACEPARENT })).toBeUndefined();
    }
    expect(await payerOf(url, { baggage: sign(NEXT_KEY, "victim"), traceparent: TRACEPARENT })).toBeUndefined();
    const { claim_unsigned, claim_bad_signature, claim_unknown_key } = getOtelCounters();
    expect([claim_unsigned, claim_bad_signature, claim_unknown_key]).toEqual([
      before.claim_unsigned + 1,
      before.claim_bad_signature + 1,
      before.claim_unknown_key + 1,
    ]);
  });

  it("pays alone once it is authenticated, whatever it names", async () => {
    const url = await start({ authenticate: (request) => request.get("x-session") });
    const headers = { baggage: "tenant_id=victim", traceparent: TRACEPARENT, "x-session": "mallory" };
    expect(await payerOf(url, headers)).toBe("mallory");
    expect(await payerOf(url, { baggage: sign(), traceparent: TRACEPARENT })).toBe("acme");
    expect(await payerOf(url, { ...headers, baggage: sign() })).toBe("mallory");
  });

  it("is named by setAttribution where it is authenticated after the middleware", async () => {
    const fail = (): never => {
      throw new Error("no session");
    };
    const headers = { baggage: "tenant_id=victim", "x-session": "mallory" };
    for (const service of [{}, { authenticate: fail }]) {
      const url = await start(service);
      expect(await payerOf(`${url}/late`, headers)).toBe("mallory");
      expect(await payerOf(url, headers)).toBeUndefined();
    }
  });

  it("cannot replay what another request carried: not in its own trace, not twice, not altered", async () => {
    const baggage = sign();
    const otherTrace = TRACEPARENT.replace("0af7", "0af8");
    const strict = await start({ options: { rejectReplays: true } });
    expect(await payerOf(strict, { baggage, traceparent: otherTrace })).toBeUndefined();
    expect(
      await payerOf(strict, { baggage: baggage.replace("acme", "acmf"), traceparent: TRACEPARENT }),
    ).toBeUndefined();
    expect(await payerOf(strict, { baggage })).toBeUndefined();
    expect(await payerOf(strict, { baggage, traceparent: TRACEPARENT })).toBe("acme");
    expect(await payerOf(strict, { baggage, traceparent: TRACEPARENT })).toBeUndefined();
    const late = await start({ options: { now: () => Date.now() + 91_000 } });
    expect(await payerOf(late, { baggage, traceparent: TRACEPARENT })).toBeUndefined();
  });
});

describe("a trusted peer", () => {
  it("is believed without a signature by its socket's address, not by a header's", async () => {
    const headers = { baggage: "tenant_id=acme", "x-forwarded-for": "10.0.0.1", forwarded: "for=10.0.0.1" };
    expect(await payerOf(await start({ trustedPeers: ["127.0.0.0/8"] }), headers)).toBe("acme");
    expect(await payerOf(await start({ trustedPeers: ["10.0.0.0/8"] }), headers)).toBeUndefined();
  });
});
