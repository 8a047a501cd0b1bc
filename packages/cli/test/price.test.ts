import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { toNeutralEnvironment } from "./up-process.ts";

const CLI = fileURLToPath(new URL("../dist/main.js", import.meta.url));

async function price(args: readonly string[], input = ""): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [CLI, "price", ...args], { env: toNeutralEnvironment(process.env) });
  child.stdin.end(input);
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, out, err };
}

const REQUEST = { provider: "openai", model: "gpt-5-mini", timestamp: "2026-11-01T00:00:00Z" };

describe("spancost price", () => {
  it("answers every line in its order, also those that make no sense", async () => {
    const lines = [
      JSON.stringify({ id: "first", ...REQUEST, usage: { input_total: 1000, cache_read: 200, output: 50 } }),
      "no json",
      JSON.stringify({ id: 3, ...REQUEST, model: "nobody-knows-it", usage: { input_total: 1 } }),
      JSON.stringify({ id: null, ...REQUEST, usage: { input_total: 1, cache_read: 2 } }),
    ];
    const { code, out } = await price(["--ndjson", "-"], lines.join("\n"));
    const answers = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(0);
    expect(answers.map(({ id, outcome, usd, reason }) => [id, outcome, usd, reason])).toEqual([
      ["first", "priced", "0.000305", undefined],
      [null, "rejected", null, expect.any(String)],
      [3, "unpriced", null, "unknown-model"],
      [null, "rejected", null, "cache-exceeds-input"],
    ]);
    expect(answers[0]?.["lines"]).toEqual([
      { bucket: "input", quantity: 800, unit_usd: "0.00000025", usd: "0.0002" },
      { bucket: "cache_read", quantity: 200, unit_usd: "0.000000025", usd: "0.000005" },
      { bucket: "output", quantity: 50, unit_usd: "0.000002", usd: "0.0001" },
    ]);
  });

  it("streams a hundred thousand lines and loses none", async () => {
    const COUNT = 100_000;
    const input = Array.from({ length: COUNT }, (_, id) =>
      JSON.stringify({ id, ...REQUEST, usage: { input_total: id } }),
    ).join("\n");
    const { code, out } = await price(["--ndjson", "-"], input);
    const lines = out.trim().split("\n");
    expect([code, lines.length]).toEqual([0, COUNT]);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ id: COUNT - 1, usd: "0.02499975" });
  });

  it("prices one usage from flags", async () => {
    const { out } = await price([
      "--provider",
      "anthropic",
      "--model",
      "claude-sonnet-4-5",
      "--input",
      "12000",
      "--cache-read",
      "8000",
      "--output",
      "700",
    ]);
    expect(JSON.parse(out)).toMatchObject({ outcome: "priced", usd: "0.0249" });
  });

  it("says what it needs", async () => {
    expect(await price([])).toMatchObject({ code: 2, err: expect.stringContaining("--model") });
  });
});
