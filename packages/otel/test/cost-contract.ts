import { describe, expect, it } from "vitest";
import { AttributionSpanProcessor, CostSpanProcessor, getOtelCounters, withAttribution } from "../src/index.ts";
import type { OtelLine } from "./otel-line.ts";

const REQUEST = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o-mini",
};
const USAGE = { "gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 500 };
/** By hand: 1,000 x 0.15 + 500 x 0.60 USD a million tokens (OpenAI's price page for gpt-4o-mini, read 2026-11-20). */
const COST = {
  "gen_ai.usage.cost.amount": 0.00045,
  "gen_ai.usage.cost.currency": "USD",
  "gen_ai.usage.cost.source": "local",
};

/** What the cost hint must do on every line of OpenTelemetry JS, with `onEnding` or without. */
export function describeCost(line: OtelLine): void {
  describe(`cost on ${line.name}`, () => {
    it("puts the cost on a priced call whose usage came after its start", () => {
      const spans = line.createPipeline([new CostSpanProcessor()]);
      const span = spans.startSpan("chat gpt-4o-mini", REQUEST);
      for (const [name, value] of Object.entries(USAGE)) span.setAttribute(name, value);
      span.end();
      expect(spans.readExported()).toEqual([{ ...REQUEST, ...USAGE, ...COST }]);
    });

    it("works beside the attribution processor", () => {
      const spans = line.createPipeline([new CostSpanProcessor(), new AttributionSpanProcessor()]);
      withAttribution({ tenantId: "acme" }, () => spans.startSpan("chat", { ...REQUEST, ...USAGE }).end());
      expect(spans.readExported()).toEqual([{ ...REQUEST, ...USAGE, ...COST, tenant_id: "acme" }]);
    });

    it("puts nothing on spans that are no call, have no usage or an unknown model", () => {
      const spans = line.createPipeline([new CostSpanProcessor()]);
      const unpriced = [
        { "http.request.method": "POST" },
        { "gen_ai.operation.name": "execute_tool" },
        REQUEST,
        { ...REQUEST, ...USAGE, "gen_ai.request.model": "no-such-model" },
        { ...REQUEST, ...USAGE, "gen_ai.usage.input_tokens": -1 },
      ];
      for (const attributes of unpriced) spans.startSpan("span", attributes).end();
      expect(spans.readExported()).toEqual(unpriced);
    });

    it("leaves a cost alone that the span already has", () => {
      const spans = line.createPipeline([new CostSpanProcessor()]);
      const attributes = {
        ...REQUEST,
        ...USAGE,
        "gen_ai.usage.cost.amount": 1,
        "gen_ai.usage.cost.source": "provider",
      };
      spans.startSpan("chat", attributes).end();
      expect(spans.readExported()).toEqual([attributes]);
    });

    it("counts a span that it cannot read, and never throws", () => {
      const before = getOtelCounters().cost_processor_failed;
      const processor = new CostSpanProcessor();
      const broken = {
        name: "chat",
        kind: 0,
        status: { code: 0 },
        attributes: { ...REQUEST, ...USAGE },
        startTime: [Number.NaN, 0] as const,
        endTime: [1, 0] as const,
        resource: { attributes: {} },
        setAttribute: () => undefined,
      };
      processor.onEnd(broken);
      processor.onEnding(broken);
      expect(getOtelCounters().cost_processor_failed).toBe(before + 2);
    });
  });
}
