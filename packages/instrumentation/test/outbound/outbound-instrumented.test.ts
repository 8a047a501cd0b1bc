import { afterEach, describe, expect, it } from "vitest";
import { setOutboundAttribution } from "../../src/outbound/set-outbound-attribution.ts";
import { CLIENTS } from "./clients.ts";
import { ACME, createDenyingRule, createRule, readTenant, startApp } from "./outbound-app.ts";
import { findLeaks, read } from "./requests.ts";
import { startService, stopServices } from "./services.ts";

const app = startApp();
const CASES = [true, false].flatMap((sampled) => (["before", "after"] as const).map((order) => ({ sampled, order })));

afterEach(() => {
  setOutboundAttribution(undefined);
  app.uninstrument();
  app.sample(true);
  stopServices();
});

describe.each(CLIENTS)("$name with stock instrumentations", ({ protocol, isInstrumented, send }) => {
  it.each(CASES)(
    "sends no byte of attribution to a host that is not allowed, instrumented $order, sampled: $sampled",
    async ({ sampled, order }) => {
      app.sample(sampled);
      const { origin, arrived } = await startService(protocol);
      if (order === "before") {
        app.instrument();
        // Without the rule it leaks: this is what is prevented.
        await app.run(() => send(`${origin}/`, {}), { baggage: true });
        expect(findLeaks(arrived)).toHaveLength(isInstrumented ? 1 : 0);
        arrived.length = 0;
      }
      setOutboundAttribution(createDenyingRule());
      app.instrument();
      await app.run(() => send(`${origin}/`, {}), { baggage: true });
      expect(findLeaks(arrived)).toEqual([]);
      const flags = sampled ? "01" : "00";
      const traceparent = isInstrumented ? [expect.stringMatching(`^00-[0-9a-f]{32}-[0-9a-f]{16}-${flags}$`)] : [];
      expect(arrived.map((request) => read(request, "traceparent"))).toEqual([traceparent]);
    },
  );

  it.each(CASES)(
    "signs for the span that an allowed host sees, instrumented $order, sampled: $sampled",
    async ({ sampled, order }) => {
      app.sample(sampled);
      const { origin, arrived } = await startService(protocol, readTenant);
      if (order === "before") app.instrument();
      setOutboundAttribution(createRule());
      app.instrument();
      expect(await app.run(() => send(`${origin}/`, {}))).toBe(ACME.tenantId);
      expect(arrived.map((request) => read(request, "traceparent").length)).toEqual([1]);
    },
  );
});
