import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type UpProcess, startUp } from "./up-process.ts";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

let dataDir: string;
let up: UpProcess;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "spancost-doctor-"));
  up = await startUp({ dataDir });
});
afterAll(async () => {
  await up?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

type Value = { stringValue: string } | { intValue: number } | { boolValue: boolean };

function toSpan(index: number, attributes: Readonly<Record<string, Value>>) {
  const startTimeUnixNano = BigInt(Date.now()) * 1_000_000n;
  return {
    traceId: String(index).padStart(32, "a"),
    spanId: String(index).padStart(16, "b"),
    name: "chat",
    kind: 3,
    startTimeUnixNano: String(startTimeUnixNano),
    endTimeUnixNano: String(startTimeUnixNano + 1_000_000n),
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
  };
}

const call = (model: string) => ({
  "gen_ai.operation.name": { stringValue: "chat" },
  "gen_ai.provider.name": { stringValue: "openai" },
  "gen_ai.request.model": { stringValue: model },
});
const usage = {
  "gen_ai.usage.input_tokens": { intValue: 10 },
  "gen_ai.usage.output_tokens": { intValue: 5 },
  tenant_id: { stringValue: "acme" },
};

async function doctor(): Promise<{ code: number; findings: { check: string; message: string; where: string }[] }> {
  return new Promise((resolve) => {
    const args = [MAIN, "doctor", "--server", "--url", up.api, "--format", "json"];
    execFile(process.execPath, args, (error, stdout) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, ...JSON.parse(stdout) }),
    );
  });
}

it("says what the calls of the running server lack", async () => {
  expect(await doctor()).toEqual({ code: 0, findings: [] });
  const { tenant_id: _tenant, ...unattributed } = usage;
  const spans = [
    toSpan(1, { ...call("gpt-5-mini"), ...usage }),
    toSpan(2, { ...call("gpt-5-mini"), ...unattributed }),
    toSpan(3, { ...call("gpt-5-mini"), tenant_id: usage.tenant_id, "gen_ai.request.stream": { boolValue: true } }),
    toSpan(4, { ...call("no-such-model"), ...usage }),
    toSpan(5, { ...call("gpt-5-mini"), ...usage, "gen_ai.usage.output_tokens": { intValue: -5 } }),
  ];
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
  const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "app" }, spans }] }] });
  const sent = await fetch(`${up.otlp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(sent.status).toBe(200);
  const { code, findings } = await doctor();
  expect(code).toBe(1);
  expect(findings.map(({ check, where, message }) => [check, where, message.split(" ").slice(0, 3).join(" ")])).toEqual(
    [
      ["calls-without-tenant", "service shop", "1 call of"],
      ["stream-without-usage", "service shop", "1 streamed call"],
      ["unpriced-model", "service shop", "1 call of"],
      ["rejected-usage", "service shop", "1 call reports"],
    ],
  );
});
