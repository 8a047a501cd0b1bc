// Copied into an app that npm or pnpm installed: one attributed call and one cost within a span of the app's own.
import { trace } from "@opentelemetry/api";
import { recordCost, withAttribution } from "@spancost/otel";
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "any" });
await withAttribution({ tenantId: "acme" }, () =>
  trace.getTracer("app").startActiveSpan("work", async (span) => {
    await client.chat.completions.create({ model: "gpt-5-mini", messages: [{ role: "user", content: "Hello" }] });
    recordCost({ service: "search", amountUsd: "0.001" });
    span.end();
  }),
);
