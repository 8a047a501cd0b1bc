import { OPENAI_CHAT } from "@spancost/llm-wire";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../../simulator/src/index.ts";
import type { ProviderClaim } from "../../src/calls/provider-claim.ts";
import { addClaim, removeClaim } from "../../src/claims.ts";
import { setOutboundAttribution } from "../../src/outbound/set-outbound-attribution.ts";
import { CLIENTS } from "./clients.ts";
import { ACME, createRule, startApp } from "./outbound-app.ts";

const app = startApp();
const LEAK = "The providers received attribution";
/** Those whose protocol the simulator speaks. */
const SPEAKING = CLIENTS.filter(({ protocol }) => protocol !== "https");

afterEach(() => setOutboundAttribution(undefined));
afterAll(() => app.uninstrument());

function claim(simulator: Simulator): ProviderClaim {
  return {
    hosts: [],
    baseUrls: [simulator.url, simulator.http2Url].map((url) => `${url}/openai-api/v1`),
    formats: [OPENAI_CHAT],
    providerName: () => "openai",
    getTracer: () => {
      throw new Error("these are no calls");
    },
    reportFailure: () => {},
  };
}

describe.each([true, false])("the simulator of the providers, sampled: %s", (sampled) => {
  it.each(SPEAKING.filter(({ isInstrumented }) => isInstrumented))(
    "receives attribution from $name through what OpenTelemetry brings, and says so",
    async (client) => {
      app.sample(sampled);
      app.instrument();
      const simulator = await startSimulator({ attributionValues: Object.values(ACME) });
      await app.run(() => client.send(`${simulator.url}/openai-api/v1/models`, {}), { baggage: true });
      app.uninstrument();
      await expect(simulator.close()).rejects.toThrow(LEAK);
    },
  );

  it.each(SPEAKING)("receives none from $name, although it listens on loopback", async ({ protocol, send }) => {
    app.sample(sampled);
    app.instrument();
    const simulator = await startSimulator({ attributionValues: Object.values(ACME) });
    const claimed = claim(simulator);
    addClaim(claimed);
    setOutboundAttribution(createRule());
    const origin = protocol === "h2" ? simulator.http2Url : simulator.url;
    await app.run(() => send(`${origin}/openai-api/v1/models`, {}), { baggage: true });
    removeClaim(claimed);
    app.uninstrument();
    expect(simulator.requests()).toHaveLength(1);
    await simulator.close();
  });
});
