import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { context, trace, TraceFlags } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type AttributionInput,
  AttributionPropagator,
  captureAttribution,
  configureAttribution,
  type SigningKey,
  withAttribution,
  withTargetUrl,
} from "../../src/index.ts";
import { KEY, NEXT_KEY, NOW_MS, SPAN_ID, TRACE_ID, TRACEPARENT } from "./keys.ts";

interface Vector {
  readonly name: string;
  readonly key: SigningKey;
  readonly attribution: AttributionInput;
  readonly members: readonly string[];
  /** Printed by Python 3: base64.urlsafe_b64encode(hmac.new(key, canonical.encode(), hashlib.sha256).digest()).rstrip(b"="). */
  readonly mac: string;
}

const VECTORS: readonly Vector[] = [
  {
    name: "a tenant alone",
    key: KEY,
    attribution: { tenantId: "acme" },
    members: ["tenant_id=acme"],
    mac: "Bsk16oYZy-yu4l-iWGbP3Kkhqv5hHLKaI_DZgMSx1Oo",
  },
  {
    name: "every field",
    key: KEY,
    attribution: { tenantId: "acme", userId: "u-17", feature: "chat", task: "onboarding", taskId: "7f3a" },
    members: ["tenant_id=acme", "user_id=u-17", "feature=chat", "spancost.task=onboarding", "spancost.task.id=7f3a"],
    mac: "IGV65ckgk4HCYcbnb0ZdjkarwB2ix0fEDKDGIbvcbFo",
  },
  {
    name: "values that need encoding, and another key",
    key: NEXT_KEY,
    attribution: { tenantId: "Müller & Söhne, 100%", feature: "回答" },
    members: ["tenant_id=M%C3%BCller%20%26%20S%C3%B6hne%2C%20100%25", "feature=%E5%9B%9E%E7%AD%94"],
    mac: "LJsYgDnoY4ByQ0JLKGy7M9zoMLakE5Dksxl4OpbpJog",
  },
];

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));

describe("the canonical form", () => {
  it.each(VECTORS)("is signed as published: $name", ({ key, attribution, members, mac }) => {
    const canonical = `spancost-attribution-v1\n${key.id}\n1795219260\n${TRACE_ID}\n${SPAN_ID}\n${members.join("\n")}\n`;
    expect(createHmac("sha256", key.key).update(canonical).digest("base64url")).toBe(mac);
    const propagator = new AttributionPropagator({ signingKeys: [key], now: () => NOW_MS });
    const expected = [...members, `spancost.sig=v1.${key.id}.1795219260.${mac}`].join(",");
    expect(withAttribution(attribution, () => propagator.write(TRACEPARENT))).toEqual({ baggage: expected });
    expect(injectTo(propagator, attribution)).toBe(expected);
  });

  it("is another one for carriers, so that a long-lived carrier does not pass for a header", () => {
    configureAttribution({ carriers: { signingKeys: [KEY], now: () => NOW_MS } });
    const carrier = withAttribution({ tenantId: "acme", userId: "u-17", labels: { plan: "pro" } }, captureAttribution);
    configureAttribution({ carriers: undefined });
    expect(carrier).toEqual({
      tenant_id: "acme",
      user_id: "u-17",
      "spancost.label.plan": "pro",
      "spancost.sig": "v1.2026-11.1795824000.hSELYYRZ7znLPtkIcTTKn3akwhjPqv0dNm3XCiZcvuI",
    });
  });

  it("stands in the documentation with these vectors", () => {
    const text = readFileSync(new URL("../../../../docs/attribution.md", import.meta.url), "utf8");
    const missing = VECTORS.flatMap(({ members, mac }) => [...members, mac]).filter((part) => !text.includes(part));
    expect(missing).toEqual([]);
  });
});

function injectTo(propagator: AttributionPropagator, attribution: AttributionInput): string | undefined {
  return withAttribution(attribution, () =>
    withTargetUrl("http://127.0.0.1:8080/", () => {
      const spanContext = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: TraceFlags.NONE };
      const headers: Record<string, string> = {};
      propagator.inject(trace.setSpanContext(context.active(), spanContext), headers, {
        set: (to, name, value) => void (to[name] = value),
      });
      return headers["baggage"];
    }),
  );
}
