import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

import { startSpancost } from "../src/demo/spancost-process.ts";

const LOOPBACK = /^http:\/\/127\.0\.0\.1:\d+$/;
const options = { cliPath: fileURLToPath(new URL("fake-spancost.mjs", import.meta.url)), dataFolder: "unused" };

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
  await expect(startSpancost({ ...options, dataFolder: "fail" })).rejects.toMatchObject({
    code: "spancost-failed",
    message: '"spancost up" ended with exit code 3. Its last lines:\n  the port is on fire',
  });
});

test("a process that ends later fails whoever waits for it", async () => {
  const spancost = await startSpancost({ ...options, dataFolder: "die" });
  await expect(spancost.failed).rejects.toThrow("ended with exit code 4");
});
