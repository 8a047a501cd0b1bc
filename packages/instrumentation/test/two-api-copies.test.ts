import { createRequire } from "node:module";
import { trace, type TraceAPI } from "@opentelemetry/api";
import { OPENAI_CHAT } from "@spancost/llm-wire";
import { afterAll, expect, it } from "vitest";
import { ProviderInstrumentation } from "../src/index.ts";
import { json, recordSpans, startProvider } from "./scripted-provider.ts";

const required = createRequire(import.meta.url)("@opentelemetry/api") as { readonly trace: TraceAPI };
const provider = await startProvider();
const spans = recordSpans();

class AcmeInstrumentation extends ProviderInstrumentation {
  constructor() {
    super(
      { packageName: "acme", packageVersion: "1", hosts: [], formats: [OPENAI_CHAT], providerName: () => "acme" },
      { baseUrls: [provider.origin] },
    );
  }
}

afterAll(() => provider.stop());

it.each([
  ["imported", trace],
  ["required", required.trace],
])("records for a tracer provider that is registered later through the API as it is %s", async (_how, api) => {
  expect(required.trace).not.toBe(trace);
  const instrumentation = new AcmeInstrumentation();
  api.setGlobalTracerProvider(spans.tracerProvider);
  provider.script(json({ id: "c1", model: "m-1", choices: [] }));
  const response = await fetch(`${provider.origin}/chat/completions`, { method: "POST", body: `{"model":"m"}` });
  await response.json();
  instrumentation.disable();
  api.disable();
  expect(spans.finished().map(({ name }) => name)).toEqual(["chat m"]);
  spans.reset();
});
