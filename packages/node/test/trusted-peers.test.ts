import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const APP = fileURLToPath(new URL("apps/served-call.js", import.meta.url));
const REGISTER = fileURLToPath(new URL("../dist/register.js", import.meta.url));

/** Whose request the app says it is. */
async function run(environment: Readonly<Record<string, string>>): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "", OTEL_TRACES_EXPORTER: "none", ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", REGISTER, APP], { env });
  return stdout.trim();
}

describe("SPANCOST_TRUSTED_PEERS", () => {
  it.each([
    ["127.0.0.0/8, ::1", "acme"],
    ["10.0.0.0/8", "undefined"],
    ["", "undefined"],
  ])("%o makes the middleware believe unsigned attribution from these peers", async (peers, tenant) => {
    expect(await run({ SPANCOST_TRUSTED_PEERS: peers })).toBe(tenant);
  });
});
