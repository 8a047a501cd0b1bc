import http from "node:http";
import http2 from "node:http2";
import { text } from "node:stream/consumers";
import { ROOT_CONTEXT, context, createContextKey, propagation } from "@opentelemetry/api";
import { OPENAI_CHAT } from "@spancost/llm-wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { withAttribution } from "../../../otel/src/index.ts";
import { addClaim, removeClaim } from "../../src/claims.ts";
import type { ProviderClaim } from "../../src/calls/provider-claim.ts";
import { setOutboundAttribution } from "../../src/outbound/set-outbound-attribution.ts";
import { CLIENTS } from "./clients.ts";
import { ACME, ATTRIBUTION, BY_HAND, createDenyingRule, createRule, readTenant, startApp } from "./outbound-app.ts";
import { findLeaks, read } from "./requests.ts";
import { startService, stopServices } from "./services.ts";

const app = startApp();

afterEach(() => {
  setOutboundAttribution(undefined);
  stopServices();
});

/** A request of node:http; `drive` writes it. */
function sendRequest(
  url: string,
  options: http.RequestOptions,
  drive: (request: http.ClientRequest) => unknown = (request) => request.end(),
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, options, (response) => void text(response).then(resolve, reject));
    request.on("error", reject);
    drive(request);
  });
}

function claimUrl(baseUrl: string): ProviderClaim {
  return {
    hosts: [],
    baseUrls: [baseUrl],
    formats: [OPENAI_CHAT],
    providerName: () => "openai",
    getTracer: () => {
      throw new Error("nobody calls");
    },
    reportFailure: () => {},
  };
}

describe.each(CLIENTS)("$name, to a provider on an allowed host", ({ protocol, send }) => {
  it("sends no byte of attribution under the provider's path, and all of it beside", async () => {
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService(protocol, readTenant);
    const claim = claimUrl(`${origin}/v1`);
    addClaim(claim);
    await app.run(() => send(`${origin}/v1/any`, { baggage: `a=1,${BY_HAND}` }));
    await app.run(() => send(`${origin}/v1`, {}));
    const answer = await app.run(() => send(`${origin}/v10`, {}));
    removeClaim(claim);
    expect(answer).toBe(ACME.tenantId);
    expect(arrived.map(({ raw }) => ATTRIBUTION.test(raw.join("\n")))).toEqual([false, false, true]);
    expect(arrived.slice(0, 2).map((request) => read(request, "baggage"))).toEqual([["a=1"], []]);
  });
});

describe.each(CLIENTS)("$name", ({ protocol, send }) => {
  it("carries what its context says, and never what its caller claimed and the app forwards", async () => {
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService(protocol, readTenant);
    const claimed = { baggage: "a=1, tenant_id=victim,spancost.sig=v1.k.1.x" };
    expect(await app.run(() => send(`${origin}/`, claimed))).toBe(ACME.tenantId);
    expect(await send(`${origin}/`, claimed)).toBe("nobody");
    const [named = "", nameless] = arrived.flatMap((request) => read(request, "baggage"));
    expect(named).not.toContain("victim");
    expect(named.split(",").filter((member) => member.startsWith("tenant_id="))).toEqual([
      `tenant_id=${ACME.tenantId}`,
    ]);
    expect(nameless).toBe("a=1");
  });

  it("is left alone when its context has no attribution", async () => {
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService(protocol);
    await send(`${origin}/`, { baggage: "a=1 ,b=2" });
    expect(arrived.map((request) => read(request, "baggage"))).toEqual([["a=1 ,b=2"]]);
    expect(arrived.map((request) => read(request, "traceparent"))).toEqual([[]]);
  });

  it("is left alone within OpenTelemetry's own requests, and those are cleaned", async () => {
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService(protocol);
    const key = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
    const suppressed = () =>
      context.with(context.active().setValue(key, true), () => send(`${origin}/`, { baggage: BY_HAND }));
    await app.run(suppressed);
    expect(findLeaks(arrived)).toEqual([]);
  });

  it("says nothing of the sender where no span is active, but the attribution unsigned", async () => {
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService(protocol, readTenant);
    const answer = await withAttribution({ tenantId: "acme" }, () => send(`${origin}/`, {}));
    expect([answer, ...arrived.map((request) => read(request, "baggage"))]).toEqual(["nobody", ["tenant_id=acme"]]);
  });

  it("keeps the app's own members as far as the limits go", async () => {
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService(protocol, readTenant);
    const theirs = Array.from({ length: 180 }, (_, index) => `k${index}=v`);
    expect(await app.run(() => send(`${origin}/`, { baggage: theirs.join(",") }))).toBe(ACME.tenantId);
    const [header = ""] = arrived.flatMap((request) => read(request, "baggage"));
    expect(header.split(",")).toHaveLength(180);
    expect(header).toMatch(/,k0=v,.*,k174=v$/);
  });

  it("does nothing without a rule", async () => {
    setOutboundAttribution(createRule());
    setOutboundAttribution(undefined);
    const { origin, arrived } = await startService(protocol);
    await app.run(() => send(`${origin}/`, { baggage: BY_HAND }));
    await app.run(() => send(`${origin}/`, {}));
    expect(arrived.map((request) => read(request, "baggage"))).toEqual([[BY_HAND], []]);
  });

  it("is guarded once by two copies of this package", async () => {
    vi.resetModules();
    const copy = await import("../../src/outbound/set-outbound-attribution.ts");
    expect(copy.setOutboundAttribution).not.toBe(setOutboundAttribution);
    setOutboundAttribution(createDenyingRule());
    copy.setOutboundAttribution(createRule());
    const { origin, arrived } = await startService(protocol, readTenant);
    expect(await app.run(() => send(`${origin}/`, {}))).toBe(ACME.tenantId);
    expect(arrived.map((request) => read(request, "traceparent").length)).toEqual([1]);
    copy.setOutboundAttribution(undefined);
    await app.run(() => send(`${origin}/`, {}));
    expect(findLeaks(arrived)).toHaveLength(1);
  });
});

interface Given {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
}

describe("node:http", () => {
  const cases: readonly [string, Given, (request: http.ClientRequest) => unknown][] = [
    [
      "set after the request was made",
      { method: "POST" },
      (r) => r.setHeader("Baggage", ["a=1", BY_HAND]) && r.end("x"),
    ],
    [
      "flushed before the body",
      { method: "POST", headers: { baggage: `a=1,${BY_HAND}` } },
      (r) => (r.flushHeaders(), r.end("x")),
    ],
    ["in pieces", { method: "POST", headers: { baggage: `a=1,${BY_HAND}` } }, (r) => (r.write("x"), r.end("y"))],
    [
      "beside an expect",
      { method: "POST", headers: { expect: "100-continue", baggage: `a=1,${BY_HAND}` } },
      (r) => r.end("x"),
    ],
  ];
  it.each(cases)("sends nothing to a host that is not allowed: %s", async (_how, options, drive) => {
    setOutboundAttribution(createDenyingRule());
    const { origin, arrived } = await startService("http");
    await app.run(() => sendRequest(`${origin}/`, options, drive));
    expect(arrived.map((request) => read(request, "baggage"))).toEqual([["a=1"]]);
  });

  it.each(cases.slice(1))(
    "is believed by an allowed host, and merged: %s",
    async (_how, { headers, ...options }, drive) => {
      setOutboundAttribution(createRule());
      const { origin, arrived } = await startService("http", readTenant);
      const given = { ...headers, baggage: "a=1" };
      expect(await app.run(() => sendRequest(`${origin}/`, { ...options, headers: given }, drive))).toBe(ACME.tenantId);
      expect(arrived.map((request) => read(request, "baggage"))).toEqual([[expect.stringMatching(/,a=1$/)]]);
    },
  );

  it("signs for the traceparent that the app has set", async () => {
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService("http", readTenant);
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-00`;
    expect(await app.run(() => sendRequest(`${origin}/`, { headers: { traceparent } }))).toBe(ACME.tenantId);
    expect(arrived.map((request) => read(request, "traceparent"))).toEqual([[traceparent]]);
  });

  it.each([
    ["two of them", [`00-${"a".repeat(32)}-${"b".repeat(16)}-00`, `00-${"c".repeat(32)}-${"d".repeat(16)}-00`]],
    ["two in one", `00-${"a".repeat(32)}-${"b".repeat(16)}-00,00-${"c".repeat(32)}-${"d".repeat(16)}-00`],
  ])("sends nothing where nobody knows which traceparent counts: %s", async (_how, traceparent) => {
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService("http");
    await app.run(() => sendRequest(`${origin}/`, { headers: { traceparent } }));
    expect(findLeaks(arrived)).toEqual([]);
  });

  it("goes by the host that is connected to as well as by the one that is named", async () => {
    const { origin, arrived, port } = await startService("http");
    setOutboundAttribution(createRule({ loopback: false, hosts: ["allowed.test"] }));
    await app.run(() => sendRequest(`${origin}/`, { headers: { host: "allowed.test" } }));
    await app.run(() => sendRequest(`${origin}/`, { headers: { host: `allowed.test:${port}` } }));
    setOutboundAttribution(createRule());
    await app.run(() => sendRequest(`${origin}/`, { headers: { host: "elsewhere.test" } }));
    expect(findLeaks(arrived)).toEqual([]);
  });

  it("sends nothing through a forward proxy", async () => {
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService("http");
    await app.run(() => sendRequest(`${origin}/`, { path: "http://127.0.0.1:1/", headers: { baggage: BY_HAND } }));
    expect(findLeaks(arrived)).toEqual([]);
  });
});

describe("node:http2", () => {
  it.each([
    ["a list", (url: string) => [":path", "/", ":authority", new URL(url).host, "Baggage", `a=1,${BY_HAND}`]],
    ["an object", () => ({ ":path": "/", Baggage: ["a=1", BY_HAND] })],
  ])("takes attribution out of headers given as %s, which stay as they are", async (_what, create) => {
    const { origin, arrived } = await startService("h2");
    // Older than the rule.
    const session = http2.connect(origin);
    setOutboundAttribution(createDenyingRule());
    const given = create(origin);
    const before = structuredClone(given);
    await app.run(() => text(session.request(given as http2.OutgoingHttpHeaders)));
    session.destroy();
    expect(arrived.map((request) => read(request, "baggage"))).toEqual([["a=1"]]);
    expect(given).toEqual(before);
  });

  it("goes by the session's own host as well as by the one that is named", async () => {
    const { origin, arrived } = await startService("h2");
    setOutboundAttribution(createRule({ loopback: false, hosts: ["allowed.test"] }));
    const session = http2.connect(origin);
    await app.run(() => text(session.request({ ":authority": "allowed.test" })));
    session.destroy();
    expect(findLeaks(arrived)).toEqual([]);
  });
});

it("never reads the app's OpenTelemetry baggage: only a scope is sent", async () => {
  setOutboundAttribution(createRule());
  const { origin, arrived } = await startService("http");
  const strangers = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ tenant_id: { value: "victim" } }));
  await context.with(strangers, async () => (await fetch(`${origin}/`)).text());
  expect(arrived.map((request) => read(request, "baggage"))).toEqual([[]]);
});
