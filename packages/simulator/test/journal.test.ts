import { expect, test } from "vitest";

import { type BilledCall, type Simulator, startSimulator } from "../src/index.ts";
import { createSdkClients } from "./sdk-clients.ts";

const PROMPTS = Array.from({ length: 40 }, (_, index) => `[tenant=t${index % 3}] prompt ${index % 20}`);

/** Sends all prompts at once and returns what was billed, sorted so that arrival order does not matter. */
async function billPrompts(seed: number, prompts: readonly string[]): Promise<readonly string[]> {
  const simulator = await startSimulator({ seed });
  try {
    const { openai } = createSdkClients(simulator.url);
    const calls = prompts.map((content) =>
      openai.chat.completions.create({ model: "gpt-5-mini", messages: [{ role: "user", content }] }),
    );
    await Promise.all(calls);
    return simulator.journal().map(toFigures).toSorted();
  } finally {
    await simulator.close();
  }
}

function toFigures({ tenantHint, usage }: BilledCall): string {
  return JSON.stringify({ tenantHint, usage });
}

test("the same seed bills the same requests the same in any order, another seed does not", async () => {
  const first = await billPrompts(7, PROMPTS);
  const second = await billPrompts(7, PROMPTS.toReversed());
  const other = await billPrompts(8, PROMPTS);
  expect(second).toEqual(first);
  expect(other).not.toEqual(first);
});

test("every call differs, parts never exceed their totals, and many calls have cached and reasoning tokens", async () => {
  const figures = await billPrompts(1, PROMPTS);
  const usages = figures.map((line): BilledCall["usage"] => JSON.parse(line).usage);
  expect(new Set(figures).size).toBe(PROMPTS.length);
  for (const usage of usages) {
    expect(usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h).toBeLessThanOrEqual(usage.input);
    expect(usage.reasoning).toBeLessThanOrEqual(usage.output);
  }
  expect(usages.filter((usage) => usage.cacheRead > 0).length).toBeGreaterThan(8);
  expect(usages.filter((usage) => usage.reasoning > 0).length).toBeGreaterThan(20);
});

test("the journal and the received headers can be read over HTTP", async () => {
  const simulator: Simulator = await startSimulator();
  try {
    await fetch(`${simulator.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "x-seen": "yes" },
      body: JSON.stringify({ model: "gpt-4.1", messages: [{ role: "user", content: "[tenant=acme] hi" }] }),
    }).then((answer) => answer.json());
    const journal: unknown = await fetch(`${simulator.url}/__journal`).then((answer) => answer.json());
    expect(journal).toMatchObject({
      calls: [{ provider: "openai", tenantHint: "acme", status: 200 }],
      requests: [{ method: "POST", path: "/v1/chat/completions", headers: { "x-seen": "yes" } }],
    });
    expect(simulator.journal()).toHaveLength(1);
  } finally {
    await simulator.close();
  }
});
