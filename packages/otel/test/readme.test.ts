import { readFileSync } from "node:fs";
import { NodeTracerProvider, ParentBasedSampler, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace-node";
import { expect, it } from "vitest";
import { BillingSampler, SpancostSpanProcessor } from "../src/index.ts";
import { RecordingExporter } from "./billing/recording-exporter.ts";

/** The code block behind the mark, without its imports. */
function readExample(): string {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const block = /<!-- run by test\/readme.test.ts -->\n```js\n([^]*?)```/.exec(readme)?.[1] ?? "";
  return block.replaceAll(/^import .*\n/gm, "");
}

it("sampling as the README shows it exports every call, and a tenth of the other spans", async () => {
  const exporter = new RecordingExporter();
  const names = {
    NodeTracerProvider,
    ParentBasedSampler,
    TraceIdRatioBasedSampler,
    BillingSampler,
    SpancostSpanProcessor,
  };
  // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval -- the README's own code
  const run = new Function(...Object.keys(names), "exporter", `${readExample()}; return provider;`);
  const provider = run(...Object.values(names), exporter) as NodeTracerProvider;
  const tracer = provider.getTracer("app");
  for (let request = 0; request < 1_000; request += 1) {
    tracer.startSpan("GET /").end();
    tracer.startSpan("chat", { attributes: { "gen_ai.operation.name": "chat" } }).end();
  }
  await provider.shutdown();
  const count = (name: string): number => exporter.names.filter((exported) => exported === name).length;
  expect(count("chat")).toBe(1_000);
  // 100 on average, and outside these bounds once in 10^9 runs.
  expect(count("GET /")).toBeGreaterThan(40);
  expect(count("GET /")).toBeLessThan(170);
});
