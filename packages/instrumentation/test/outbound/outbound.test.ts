import { context } from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { setOutboundAttribution } from "../../src/outbound/set-outbound-attribution.ts";
import { CLIENTS } from "./clients.ts";
import { ACME, BY_HAND, createDenyingRule, createRule, readTenant, receive, startApp } from "./outbound-app.ts";
import { findLeaks, read } from "./requests.ts";
import { type Arrived, startService, stopServices } from "./services.ts";

const app = startApp();
const SAMPLED = [true, false];

afterEach(() => {
  setOutboundAttribution(undefined);
  app.sample(true);
  stopServices();
});

describe.each(CLIENTS)("$name, to a host that is not allowed", ({ protocol, send }) => {
  it.each(SAMPLED)("sends no byte of what was set by hand, and all the rest, sampled: %s", async (sampled) => {
    app.sample(sampled);
    setOutboundAttribution(createDenyingRule());
    const { origin, arrived } = await startService(protocol);
    const headers = Object.freeze({ baggage: `a=1,${BY_HAND} , b=2;q`, "x-app": "1" });
    expect(await app.run(() => send(`${origin}/`, headers))).toBe("ok");
    await app.run(() => send(`${origin}/`, Object.freeze({ Baggage: BY_HAND })));
    await app.run(() => send(`${origin}/`, {}));
    expect(findLeaks(arrived)).toEqual([]);
    expect(arrived.map((request) => read(request, "baggage"))).toEqual([["a=1, b=2;q"], [], []]);
    expect(arrived.map((request) => read(request, "x-app"))).toEqual([["1"], [], []]);
    expect(arrived.map((request) => read(request, "traceparent"))).toEqual([[], [], []]);
    expect(headers).toEqual({ baggage: `a=1,${BY_HAND} , b=2;q`, "x-app": "1" });
  });
});

describe.each(CLIENTS)("$name, to an allowed host", ({ protocol, send }) => {
  it.each(SAMPLED)("carries attribution that the receiver believes, uninstrumented, sampled: %s", async (sampled) => {
    app.sample(sampled);
    setOutboundAttribution(createRule());
    const { origin, arrived } = await startService(protocol, readTenant);
    const headers = Object.freeze({ baggage: "a=1;p , b=2" });
    expect(await app.run(() => send(`${origin}/`, headers))).toBe(ACME.tenantId);
    expect(headers).toEqual({ baggage: "a=1;p , b=2" });
    expect(arrived.map((request) => read(request, "baggage"))).toEqual([
      [
        expect.stringMatching(
          /^tenant_id=acme-tenant,user_id=u-1717,feature=chat-feature,spancost\.task=import-task,spancost\.sig=[^,]+,a=1;p,b=2$/,
        ),
      ],
    ]);
    const flags = sampled ? "01" : "00";
    expect(arrived.map((request) => read(request, "traceparent"))).toEqual([
      [expect.stringMatching(`^00-[0-9a-f]{32}-[0-9a-f]{16}-${flags}$`)],
    ]);
  });

  it.each(SAMPLED)("carries it over three hops, sampled: %s", async (sampled) => {
    app.sample(sampled);
    setOutboundAttribution(createRule());
    const last = await startService(protocol, readTenant);
    const forward = (to: { readonly origin: string }) => (request: Arrived) =>
      context.with(receive(request), () => send(`${to.origin}/`, {}));
    const middle = await startService(protocol, forward(last));
    const first = await startService(protocol, forward(middle));
    expect(await app.run(() => send(`${first.origin}/`, {}))).toBe(ACME.tenantId);
    const traceIds = [first, middle, last].map(
      ({ arrived: [request] }) => request && read(request, "traceparent")[0]?.slice(0, 35),
    );
    expect(new Set(traceIds).size).toBe(1);
  });
});

describe.each(CLIENTS.filter(({ followsRedirects }) => followsRedirects))("$name", ({ protocol, send }) => {
  it.each(SAMPLED)("carries nothing along a redirect from an allowed host to another, sampled: %s", async (sampled) => {
    app.sample(sampled);
    const denied = await startService(protocol);
    const allowed = await startService(protocol, () => ({ location: `${denied.origin}/` }));
    setOutboundAttribution(createRule({ loopback: false, hosts: [new URL(allowed.origin).host] }));
    expect(await app.run(() => send(`${allowed.origin}/`, { baggage: "a=1" }))).toBe("ok");
    expect(findLeaks(allowed.arrived)).toHaveLength(1);
    expect(findLeaks(denied.arrived)).toEqual([]);
    expect(denied.arrived.map((request) => read(request, "baggage"))).toEqual([["a=1"]]);
  });
});
