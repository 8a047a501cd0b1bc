import { type Attributes, context, SpanKind, trace } from "@opentelemetry/api";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { describe, expect, it } from "vitest";
import { AttributionPropagator, withAttribution, withTargetUrl } from "../../src/index.ts";
import { ACME, inject, startApp } from "./propagator-fixture.ts";

startApp();
const tracer = new NodeTracerProvider().getTracer("test");
const GET = { "http.request.method": "GET" };

/** Whether attribution leaves with a request that is made inside a span. */
function isSent(
  kind: SpanKind,
  attributes: Attributes,
  options: { ended?: boolean; hosts?: readonly string[] } = {},
): boolean {
  const propagator = new AttributionPropagator({ hosts: options.hosts, loopback: options.hosts === undefined });
  return withAttribution(ACME, () => {
    const span = tracer.startSpan("GET", { kind, attributes });
    if (options.ended === true) span.end();
    return inject(propagator, trace.setSpan(context.active(), span))["baggage"] !== undefined;
  });
}

describe("where a request goes", () => {
  it.each<[Attributes]>([
    [{ ...GET, "url.full": "http://localhost:80/x", "server.address": "localhost", "server.port": 80 }],
    [{ ...GET, "server.address": "::1", "server.port": 8080 }],
    [{ "http.method": "GET", "http.url": "http://127.0.0.1/", "net.peer.name": "127.0.0.1", "net.peer.port": 80 }],
    [{ "url.full": "http://localhost/" }],
  ])("is known from a recording client span of an HTTP request: %j", (attributes) => {
    expect(isSent(SpanKind.CLIENT, attributes)).toBe(true);
    expect(isSent(SpanKind.CLIENT, attributes, { ended: true })).toBe(false);
    expect(isSent(SpanKind.SERVER, attributes)).toBe(false);
    expect(isSent(SpanKind.INTERNAL, attributes)).toBe(false);
  });

  it.each<[string, Attributes]>([
    [
      "a model call, whose requests may go elsewhere",
      { "server.address": "localhost", "gen_ai.operation.name": "chat" },
    ],
    ["a database", { "server.address": "localhost", "server.port": 5432, "db.system.name": "postgresql" }],
    ["a span that names no host", GET],
    ["a host that is more than a host", { ...GET, "server.address": "localhost/@evil.test" }],
    ["a host that is no text", { ...GET, "server.address": 7 }],
    ["a URL that is none", { ...GET, "url.full": "localhost" }],
    ["one usable name and one that is none", { ...GET, "url.full": "localhost", "server.address": "localhost" }],
    [
      "a path that looks like a host",
      { ...GET, "url.full": "http://evil.test@localhost/", "server.address": "evil.test" },
    ],
    [
      "a forward proxy on this host",
      { ...GET, "url.full": "https://api.openai.com/v1", "server.address": "localhost" },
    ],
  ])("is not known from %s", (_, attributes) => {
    expect(isSent(SpanKind.CLIENT, attributes)).toBe(false);
  });

  it("has the scheme's port where the span names none", () => {
    const https = { ...GET, "url.full": "https://a.test/", "server.address": "a.test" };
    expect(isSent(SpanKind.CLIENT, https, { hosts: ["a.test:443"] })).toBe(true);
    expect(isSent(SpanKind.CLIENT, https, { hosts: ["a.test:80"] })).toBe(false);
  });

  it("must be allowed wherever it is named: by the target and by the span", () => {
    const sentTo = (target: string, full: string): boolean =>
      withTargetUrl(target, () => isSent(SpanKind.CLIENT, { ...GET, "url.full": full }));
    expect(sentTo("http://localhost/", "http://localhost/")).toBe(true);
    expect(sentTo("http://localhost/", "http://evil.test/")).toBe(false);
    expect(sentTo("http://evil.test/", "http://localhost/")).toBe(false);
  });

  it("passes through what withTargetUrl runs", () => {
    expect(withTargetUrl("not a url", () => 7)).toBe(7);
    expect(() =>
      withTargetUrl("http://localhost/", () => {
        throw new Error("of the app");
      }),
    ).toThrow("of the app");
  });
});
