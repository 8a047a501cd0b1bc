import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const APP = fileURLToPath(new URL("apps/silent-loss.js", import.meta.url));
const REGISTER = fileURLToPath(new URL("../dist/register.js", import.meta.url));

/** All that the app writes. */
async function run(logger: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const env = { OTEL_TRACES_EXPORTER: "none", ...environment };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--import", REGISTER, APP, logger], { env });
  return stdout + stderr;
}

it("says that there is no context manager, where the app has no logger, and nothing of OpenTelemetry's own", async () => {
  const output = await run("no-logger");
  expect(output).toMatch(/^spancost: [^\n]*context manager[^\n]*\n$/);
});

it.each([
  ["none", false, false],
  ["error", false, false],
  ["warn", true, true],
])("logs what OTEL_LOG_LEVEL=%s asks for", async (level, ours, theirs) => {
  const output = await run("no-logger", { OTEL_LOG_LEVEL: level });
  expect([output.includes("context manager"), output.includes("OpenTelemetry's own")]).toEqual([ours, theirs]);
});

it("leaves the log to a logger of the app, without a word", async () => {
  expect(await run("own-logger")).toBe("");
});
