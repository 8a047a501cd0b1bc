import {
  type Context,
  context,
  ROOT_CONTEXT,
  type TextMapSetter,
  propagation,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import { describe, expect, it } from "vitest";
import { getOtelCounters, withAttribution, withTargetUrl } from "../../src/index.ts";
import { SPAN_ID, TRACE_ID } from "./keys.ts";
import { ACME, create, inject, INNERS, send, startApp } from "./propagator-fixture.ts";

const warnings = startApp();

function inSpan(from: Context, spanId = SPAN_ID): Context {
  return trace.setSpanContext(from, { traceId: TRACE_ID, spanId, traceFlags: TraceFlags.NONE });
}

describe.each(INNERS)("what leaves, with %s inside", (_, inner) => {
  const own = propagation.createBaggage({
    app: { value: "1 2" },
    tenant_id: { value: "stale" },
    "spancost.sig": { value: "x" },
  });

  it("sends nothing of ours while the host is unknown, and the app's own baggage always", () => {
    const propagator = create({ inner });
    withAttribution(ACME, () => {
      expect(inject(propagator, inSpan(context.active()))).toEqual({});
      expect(inject(propagator, propagation.setBaggage(inSpan(context.active()), own))).toEqual({
        baggage: "app=1%202",
      });
    });
  });

  it("sends ours first to an allowed host, and takes mirrored and stale entries out for any other", () => {
    const propagator = create({ inner });
    const headerTo = (url: string) =>
      withAttribution(
        ACME,
        () => withTargetUrl(url, () => inject(propagator, propagation.setBaggage(inSpan(context.active()), own))),
        { baggage: true },
      );
    expect(headerTo("http://localhost:3000/")).toEqual({ baggage: `${send(propagator)},app=1%202` });
    for (const url of ["https://api.openai.com/", "http://localhost@evil.test/", "not a url"]) {
      expect(headerTo(url)).toEqual({ baggage: "app=1%202" });
    }
  });

  it("keeps within 180 pairs and 8,192 bytes, ours first, and counts what it leaves out", () => {
    const propagator = create({ inner });
    const before = getOtelCounters().baggage_limit;
    const injectWith = (count: number, bytes: number): string[] => {
      const entries = Array.from({ length: count }, (_unused, index) => [`k${index}`, { value: "v".repeat(bytes) }]);
      const baggage = propagation.createBaggage(Object.fromEntries(entries));
      return withAttribution(ACME, () =>
        withTargetUrl("http://localhost/", () => {
          const header = inject(propagator, propagation.setBaggage(inSpan(context.active()), baggage))["baggage"] ?? "";
          expect(header.length).toBeLessThanOrEqual(8_192);
          expect(header.startsWith(`${send(propagator)},k0=`)).toBe(true);
          return header.split(",");
        }),
      );
    };
    expect(injectWith(176, 5)).toHaveLength(180);
    expect(getOtelCounters().baggage_limit).toBe(before);
    expect(injectWith(177, 5)).toHaveLength(180);
    expect(getOtelCounters().baggage_limit).toBe(before + 1);
    expect(injectWith(8, 1_000).length).toBe(4 + 8);
    expect(injectWith(9, 900).length).toBe(4 + 8);
    expect(getOtelCounters().baggage_limit).toBe(before + 2);
    expect(warnings.filter((text) => text.includes("8,192 bytes"))).toHaveLength(1);
  });
});

describe("what leaves", () => {
  it("is nothing when ours alone do not fit, since a part would name the wrong payer", () => {
    const before = getOtelCounters().baggage_limit;
    const long = "回".repeat(256);
    const fields = { tenantId: long, userId: long, feature: long, task: long };
    const headers = withAttribution(fields, () =>
      withTargetUrl("http://localhost/", () => inject(create(), inSpan(context.active()))),
    );
    expect(headers).toEqual({});
    expect(getOtelCounters().baggage_limit).toBe(before + 1);
  });

  it("is unsigned without a span or a key, and nothing while OpenTelemetry's own exporter sends", () => {
    withAttribution(ACME, () =>
      withTargetUrl("http://localhost/", () => {
        const members = "tenant_id=acme,user_id=u-17,feature=chat";
        expect(inject(create(), context.active())).toEqual({ baggage: members });
        expect(inject(create({ signingKeys: [] }), context.active())).toEqual({ baggage: members });
        expect(inject(create(), suppressTracing(context.active()))).toEqual({});
      }),
    );
  });

  it("goes to the first span of a target only: a redirect goes elsewhere, with another span", () => {
    withAttribution(ACME, () =>
      withTargetUrl("http://localhost/", () => {
        expect(inject(create(), inSpan(context.active()))["baggage"]).toContain("tenant_id=acme");
        expect(inject(create(), inSpan(context.active()))["baggage"]).toContain("tenant_id=acme");
        expect(inject(create(), inSpan(context.active(), "00f067aa0ba902b7"))).toEqual({});
      }),
    );
  });

  it("is taken out before an inner propagator writes it under another name", () => {
    const inner = {
      inject: (from: Context, carrier: unknown, setter: TextMapSetter) => {
        for (const [key, { value }] of propagation.getBaggage(from)?.getAllEntries() ?? []) {
          setter.set(carrier, `uberctx-${key}`, value);
        }
      },
      extract: (from: Context) => from,
      fields: () => ["uberctx-app"],
    };
    const mirrored = propagation.createBaggage({ app: { value: "1" }, tenant_id: { value: "acme" } });
    expect(inject(create({ inner }), propagation.setBaggage(ROOT_CONTEXT, mirrored))).toEqual({ "uberctx-app": "1" });
    expect(create({ inner }).fields()).toEqual(["uberctx-app", "baggage"]);
  });

  it("has the configured names", () => {
    const propagator = create({ keys: { tenantId: "acme-tenant", userId: "not a token" }, signingKeys: [] });
    expect(send(propagator)).toBe("acme-tenant=acme,user_id=u-17,feature=chat");
  });
});
