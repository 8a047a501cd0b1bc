import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startUp, toNeutralEnvironment, type UpProcess } from "./up-process.ts";

const CLI = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const run = promisify(execFile);
const STATEMENT = "SELECT tenant_id, sum(cost) FROM calls GROUP BY 1 ORDER BY 1";
const TIMEOUT_MS = 90_000;
/** Far more than it takes: nothing is asserted on time. */
const VISIBLE_TIMEOUT_MS = 20_000;

let dataDir: string;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "spancost-test-"));
});

afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

async function spancost(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [CLI, ...args], { env: toNeutralEnvironment(process.env) });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** Posts a call of gpt-5-mini with 1,000 tokens in and 100 out, which is 0.00045 USD. */
async function postCall(up: UpProcess, id: number, tenant: string): Promise<number> {
  const start = BigInt(Date.now()) * 1_000_000n;
  const attributes = [
    ...Object.entries({
      tenant_id: tenant,
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-5-mini",
    }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    { key: "gen_ai.usage.input_tokens", value: { intValue: 1000 } },
    { key: "gen_ai.usage.output_tokens", value: { intValue: 100 } },
  ];
  const [traceId, spanId] = [id.toString(16).padStart(32, "1"), id.toString(16).padStart(16, "2")];
  const span = {
    traceId,
    spanId,
    name: "chat",
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 1n),
    attributes,
  };
  const body = JSON.stringify({
    resourceSpans: [{ scopeSpans: [{ scope: { name: "@opentelemetry/instrumentation-openai" }, spans: [span] }] }],
  });
  const response = await fetch(`${up.otlp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return response.status;
}

/** What is acknowledged is on disk, and becomes visible within two seconds, or a moment after a start. */
function expectSoon<T>(read: () => Promise<T>) {
  return expect.poll(read, { timeout: VISIBLE_TIMEOUT_MS, interval: 100 });
}

async function readKilled(up: UpProcess): Promise<string[]> {
  const response = await fetch(`${up.api}/api/v1/sql?format=JSONCompactEachRow`, {
    method: "POST",
    body: "SELECT span_id FROM calls WHERE tenant_id = 'killed'",
  });
  const lines = (await response.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => (JSON.parse(line) as [string])[0]);
}

describe("spancost up", () => {
  it(
    "answers SQL while it runs, and keeps what it acknowledged over a restart and over kill -9",
    async () => {
      let up = await startUp({ dataDir });
      expect(await postCall(up, 1, "acme")).toBe(200);
      await expectSoon(() => spancost("sql", STATEMENT, "--format", "TSV", "--url", up.api)).toEqual({
        code: 0,
        stdout: "acme\t0.00045\n",
        stderr: "",
      });
      expect(await up.stop()).toBe(0);

      up = await startUp({ dataDir });
      expect(await postCall(up, 2, "globex")).toBe(200);
      await up.kill();

      up = await startUp({ dataDir });
      await expectSoon(() => spancost("sql", STATEMENT, "--format", "TSV", "--url", up.api)).toMatchObject({
        stdout: "acme\t0.00045\nglobex\t0.00045\n",
      });
      const report = await spancost("report", "--by", "tenant", "--format", "csv", "--url", up.api);
      expect(report.stdout.split("\r\n")[1]).toBe("acme,1,0,0,0,0,1000,0,0,100,0.00045,0.00045");
      expect(await up.stop()).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    "loses nothing that it acknowledged when it is killed in the middle of receiving",
    async () => {
      const acknowledged: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const up = await startUp({ dataDir });
        const posts = Array.from({ length: 60 }, async (_, index) => {
          const id = 1_000 + round * 100 + index;
          const status = await postCall(up, id, "killed").catch(() => 0);
          if (status === 200) acknowledged.push(id);
        });
        await Promise.race(posts);
        await up.kill();
        await Promise.all(posts);
      }
      const up = await startUp({ dataDir });
      const expected = acknowledged.map((id) => id.toString(16).padStart(16, "2"));
      expect(expected.length).toBeGreaterThan(0);
      await expectSoon(async () => {
        const there = new Set(await readKilled(up));
        return expected.filter((id) => !there.has(id));
      }).toEqual([]);
      const there = await readKilled(up);
      expect(new Set(there).size).toBe(there.length);
      await up.stop();
    },
    TIMEOUT_MS,
  );

  it(
    "says who has the folder, the port, and what is wrong with the settings",
    async () => {
      const up = await startUp({ dataDir });
      const free = ["--port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--sql-port", "0"];
      expect(await spancost("up", "--data", dataDir, ...free)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`in use by process ${up.pid}`),
      });
      const taken = new URL(up.api).port;
      expect(await spancost("up", "--data", `${dataDir}-other`, ...free, "--port", taken)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`Port ${taken} on 127.0.0.1 is in use`),
      });
      expect(await spancost("up", "--host", "0.0.0.0", "--port", "x")).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/port[^]*token/),
      });
      await up.stop();
      rmSync(`${dataDir}-other`, { recursive: true, force: true });
    },
    TIMEOUT_MS,
  );

  it("is missed by commands that need it, with the way to start it", async () => {
    expect(await spancost("report", "--url", "http://127.0.0.1:9")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Start one with "spancost up"'),
    });
    expect(await spancost("sql", "SELECT 1", "--url", "http://127.0.0.1:9")).toMatchObject({ code: 3 });
  });
});
