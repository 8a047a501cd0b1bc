import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";

import { startSpancost } from "../src/demo/spancost-process.ts";

const LOOPBACK = /^http:\/\/127\.0\.0\.1:\d+$/;
const options = { cliPath: fileURLToPath(new URL("fake-spancost.mjs", import.meta.url)), dataFolder: "unused" };

afterEach(() => vi.unstubAllEnvs());

test("the URLs are those that the process prints, and stopping it is no failure", async () => {
  const spancost = await startSpancost(options);
  expect(spancost).toMatchObject({
    apiUrl: expect.stringMatching(LOOPBACK),
    otlpUrl: expect.stringMatching(LOOPBACK),
    sqlUrl: expect.stringMatching(LOOPBACK),
  });
  await spancost.stop();
  await spancost.stop();
});

test("a process that ends before it is ready is reported with its last lines", async () => {
  vi.stubEnv("FAKE_SPANCOST", "fail");
  await expect(startSpancost(options)).rejects.toMatchObject({
    code: "spancost-failed",
    message: '"spancost up" ended with exit code 3. Its last lines:\n  the port is on fire',
  });
});

test("a process that ends later fails whoever waits for it", async () => {
  vi.stubEnv("FAKE_SPANCOST", "die");
  const spancost = await startSpancost(options);
  await expect(spancost.failed).rejects.toThrow("ended with exit code 4");
});
