import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeSettings, loadConfig, ServerError } from "../src/index.ts";

describe("the configuration", () => {
  it("takes a flag before the environment, and the environment before the default", () => {
    expect(loadConfig({}, {}).port).toBe(4400);
    expect(loadConfig({ SPANCOST_PORT: "1" }, {}).port).toBe(1);
    expect(loadConfig({ SPANCOST_PORT: "1" }, { port: "2" }).port).toBe(2);
  });

  it("reports all problems together, with the names of the variables and never the token", () => {
    const load = () => loadConfig({ SPANCOST_PORT: "x", SPANCOST_LABELS: "a b", SPANCOST_TOKEN: "hunter2" }, {});
    expect(load).toThrow(ServerError);
    expect(load).toThrow(/SPANCOST_PORT[^]*SPANCOST_TOKEN[^]*SPANCOST_LABELS/);
    expect(load).not.toThrow(/hunter2/);
  });

  it.each(["0.0.0.0", "::", "192.168.1.5", "example.com"])("refuses to listen on %s without a token", (host) => {
    expect(() => loadConfig({}, { host })).toThrow(/token is needed/);
    expect(loadConfig({ SPANCOST_TOKEN: "0123456789abcdef" }, { host }).host).toBe(host);
  });

  it("is documented as it is", () => {
    const documented = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
    for (const { variable, default: fallback, meaning } of describeSettings()) {
      expect(documented).toContain(`| \`${variable}\` | ${fallback === "" ? "" : `\`${fallback}\``} | ${meaning} |`);
    }
  });
});
