import { Agent } from "node:http";
import { type SpanContext, SpanKind, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { afterEach, describe, expect, it } from "vitest";
import { AttributionPropagator, configureAttribution, getOtelCounters, withAttribution } from "../src/index.ts";
import { KEY, SPAN_ID, TRACE_ID, TRACEPARENT } from "./boundary/keys.ts";
import { ask } from "./middleware-client.ts";
import { type ContractSuite, resolveTenant, tenant } from "./middleware-suite.ts";

const LOOPBACK = ["127.0.0.0/8", "::1"];
const UNSIGNED = { baggage: "tenant_id=victim", traceparent: TRACEPARENT };

const sign = (tenantId: string): Record<string, string> =>
  withAttribution({ tenantId }, () => ({
    ...new AttributionPropagator({ signingKeys: [KEY] }).write(TRACEPARENT),
    traceparent: TRACEPARENT,
  }));

/** Makes one LLM call, and says who pays. */
async function* callModel(): AsyncGenerator<string> {
  trace.getTracer("llm").startSpan("chat").end();
  yield tenant();
}
const handle = async () => callModel();

/** What of a message that comes in is believed, and whose trace it goes on. */
export function describeInbound(suite: ContractSuite): void {
  const { adapter, isInstrumented, exporter, start } = suite;
  const payer = async (port: number, headers: Readonly<Record<string, string>>, id?: string): Promise<string> =>
    (await ask(port, { headers, tenant: id })).body;

  it("lets a stranger who names a victim cost it nothing, and counts the claim once", async () => {
    const { port } = await start({ resolve: resolveTenant, handle });
    const before = getOtelCounters();
    expect(await payer(port, UNSIGNED)).toBe("undefined");
    expect(await payer(port, { baggage: "tenant_id=victim" })).toBe("undefined");
    expect(await payer(port, UNSIGNED, "mallory")).toBe("mallory");
    expect(getOtelCounters()).toEqual({ ...before, claim_unsigned: before.claim_unsigned + 3 });
  });

  it("believes a signature, and the resolver more", async () => {
    const { port } = await start({ resolve: resolveTenant, handle });
    expect(await payer(port, sign("acme"))).toBe("acme");
    expect(await payer(port, sign("acme"), "globex")).toBe("globex");
    expect(await payer(port, { ...sign("acme"), traceparent: TRACEPARENT.replace("0af7", "0af8") })).toBe("undefined");
  });

  it("never gives a request what another one on the same connection came with", async () => {
    const { port } = await start({ resolve: resolveTenant, handle });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const seen: string[] = [];
    for (const headers of [sign("acme"), {}, sign("globex"), UNSIGNED]) {
      seen.push((await ask(port, { headers, agent })).body);
    }
    agent.destroy();
    expect(seen).toEqual(["acme", "undefined", "globex", "undefined"]);
  });

  it("goes on with the trace that came in, below the span of the instrumentation that is there", async () => {
    const { port } = await start({ resolve: resolveTenant, handle });
    await payer(port, UNSIGNED);
    const chat = find(exporter.getFinishedSpans(), ({ name }) => name === "chat");
    expect(chat.spanContext().traceId).toBe(TRACE_ID);
    if (!isInstrumented) return expect(chat.parentSpanContext?.spanId).toBe(SPAN_ID);
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(2);
    const server = find(exporter.getFinishedSpans(), ({ kind }) => kind === SpanKind.SERVER);
    expect(chat.parentSpanContext?.spanId).toBe(server.spanContext().spanId);
    expect(server.parentSpanContext?.spanId).toBe(SPAN_ID);
  });

  it("takes a span in which the server was started, and that is over, for nobody's request", async () => {
    const { port } = await trace.getTracer("app").startActiveSpan("boot", async (span) => {
      const server = await start({ resolve: resolveTenant, handle });
      span.end();
      return server;
    });
    expect(await payer(port, sign("acme"))).toBe("acme");
    expect(await payer(port, {})).toBe("undefined");
    const spans = exporter.getFinishedSpans();
    const traces = spans.filter(({ name }) => name === "chat").map((span): SpanContext => span.spanContext());
    expect(traces[0]?.traceId).toBe(TRACE_ID);
    expect(spans.filter(({ name }) => name === "boot").map((span) => span.spanContext().traceId)).not.toContain(
      traces[1]?.traceId,
    );
  });

  describe.skipIf(adapter.seesPeers === false)("with trusted peers", () => {
    afterEach(() => configureAttribution({ trustedPeers: undefined }));
    const forwarded = {
      ...UNSIGNED,
      "x-forwarded-for": "10.0.0.1",
      forwarded: "for=10.0.0.1",
      "x-real-ip": "10.0.0.1",
    };

    it("believes them by the socket's address, not by a header's, and the resolver more", async () => {
      const trusting = await start({ resolve: resolveTenant, options: { trustedPeers: LOOPBACK }, handle });
      expect(await payer(trusting.port, UNSIGNED)).toBe("victim");
      expect(await payer(trusting.port, { baggage: "tenant_id=victim" })).toBe("victim");
      expect(await payer(trusting.port, UNSIGNED, "globex")).toBe("globex");
      const other = await start({ resolve: resolveTenant, options: { trustedPeers: ["10.0.0.0/8"] }, handle });
      expect(await payer(other.port, forwarded)).toBe("undefined");
    });

    it("trusts whom the process trusts, unless it has a list of its own", async () => {
      const byDefault = await start({ resolve: resolveTenant, handle });
      const own = await start({ resolve: resolveTenant, options: { trustedPeers: [] }, handle });
      configureAttribution({ trustedPeers: LOOPBACK });
      expect([await payer(byDefault.port, UNSIGNED), await payer(own.port, UNSIGNED)]).toEqual(["victim", "undefined"]);
      configureAttribution({ trustedPeers: undefined });
      expect(await payer(byDefault.port, UNSIGNED)).toBe("undefined");
    });
  });
}

function find(spans: readonly ReadableSpan[], matches: (span: ReadableSpan) => boolean): ReadableSpan {
  const found = spans.filter(matches);
  expect(found).toHaveLength(1);
  return found[0] as ReadableSpan;
}
