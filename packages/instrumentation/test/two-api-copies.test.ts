import { createRequire } from "node:module";
import { trace, type TraceAPI } from "@opentelemetry/api";
import { OPENAI_CHAT } from "@spancost/llm-wire";
import { afterAll, describe, expect, it } from "vitest";
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

describe.each([
  ["imported", trace],
  ["required", required.trace],
])("a tracer provider that is registered later through the API as it is %s", (_how, api) => {
  it.each([
    ["the API as it is imported", trace],
    ["the API as it is required", required.trace],
    ["nobody", undefined],
  ])("gets the spans of an instrumentation that was given the provider of %s", async (_whose, given) => {
    expect(required.trace).not.toBe(trace);
    const instrumentation = new AcmeInstrumentation();
    // As `registerInstrumentations` does when no provider is named.
    if (given !== undefined) instrumentation.setTracerProvider(given.getTracerProvider());
    expect(await callNames()).toEqual([]);
    api.setGlobalTracerProvider(spans.tracerProvider);
    expect(await callNames()).toEqual(["chat m"]);
    instrumentation.disable();
    api.disable();
  });
});

/** Makes a call, and gives the names of its spans. */
async function callNames(): Promise<string[]> {
  spans.reset();
  provider.script(json({ id: "c1", model: "m-1", choices: [] }));
  const response = await fetch(`${provider.origin}/chat/completions`, { method: "POST", body: `{"model":"m"}` });
  await response.json();
  return spans.finished().map(({ name }) => name);
}
