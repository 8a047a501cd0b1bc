import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

import { runDemo } from "../src/demo/run-demo.ts";
import { waitForCalls } from "../src/demo/wait-for-calls.ts";
import { startSimulator } from "../src/index.ts";

const cliPath = fileURLToPath(new URL("fake-spancost.mjs", import.meta.url));
const signal = new AbortController().signal;
let tempFolder: string;

beforeAll(async () => {
  tempFolder = await mkdtemp(join(tmpdir(), "spancost-run-demo-"));
});

afterAll(() => rm(tempFolder, { recursive: true }));

test("once: the demo drives all calls, sees them counted, reports, and leaves nothing behind", async () => {
  const lines: string[] = [];
  await runDemo({ cliPath, tempFolder, once: true, signal, print: (line) => lines.push(line) });
  expect(lines).toContain("  80 of 80 calls");
  expect(lines).toContain("The providers billed 80 calls; Spancost counts 80.");
  expect(lines.slice(-3)).toEqual(["\nSpend by tenant:", "\nSpend by feature:", "\nSpend by model:"]);
  expect(await readdir(tempFolder)).toEqual([]);
});

test("otherwise it says where to look next, with the real ports, and stays until it is told to end", async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  const demo = runDemo({ cliPath, tempFolder, once: false, signal: stop.signal, print: (line) => lines.push(line) });
  await expect.poll(() => lines.at(-1), { timeout: 20_000 }).toMatch(/--url http:\/\/127\.0\.0\.1:\d+\n/);
  stop.abort();
  await demo;
});

test("a Spancost that dies in the middle fails the demo and leaves nothing behind", async () => {
  const folder = join(tempFolder, "die");
  await mkdir(folder);
  const demo = runDemo({ cliPath, tempFolder: folder, once: true, signal, print: () => {} });
  await expect(demo).rejects.toThrow(/"spancost up" ended with exit code 4|ECONNREFUSED/);
  expect(await readdir(folder)).toEqual([]);
});

test("a CLI that was not built is named, with the remedy", async () => {
  const demo = runDemo({ cliPath: "nowhere.js", once: true, signal, print: () => {} });
  await expect(demo).rejects.toThrow('There is no nowhere.js. Run "npm run build" first.');
});

test("calls that never become visible are reported with both figures", async () => {
  const simulator = await startSimulator();
  const wait = waitForCalls({ apiUrl: simulator.url, expected: 3, timeoutMs: 300 });
  await expect(wait).rejects.toThrow(
    /^3 calls were billed, but .*\/api\/v1\/spend\?by=tenant last gave Error: HTTP 404/,
  );
  await simulator.close();
});
