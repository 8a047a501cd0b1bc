import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { listWarnings } from "../src/config/load-config.ts";
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

  it("wants TLS's files together", () => {
    expect(() => loadConfig({ SPANCOST_TLS_CERT: "cert.pem" }, {})).toThrow(/SPANCOST_TLS_KEY go together/);
    expect(() => loadConfig({ SPANCOST_TLS_CLIENT_CA: "ca.pem" }, {})).toThrow(/SPANCOST_TLS_CLIENT_CA needs TLS/);
    expect(loadConfig({ SPANCOST_TLS_CERT: "cert.pem", SPANCOST_TLS_KEY: "key.pem" }, {}).tlsKey).toBe("key.pem");
  });

  it.each([
    ["SPANCOST_RETENTION_LEDGER_DAYS", "0"],
    ["SPANCOST_RETENTION_SPANS_DAYS", "1.5"],
    ["SPANCOST_RETENTION_HISTORY_DAYS", "-1"],
    ["SPANCOST_SEAL_GRACE_MS", "-1"],
    ["SPANCOST_MAX_CONNECTIONS", "0"],
    ["SPANCOST_MAX_CONCURRENT_REQUESTS", "many"],
    ["SPANCOST_SPOOL_MAX_BYTES", "1000000"],
    ["SPANCOST_OTLP_GRPC_PORT", "65536"],
    ["SPANCOST_LOG_LEVEL", "loud"],
    ["SPANCOST_LOG_FORMAT", "xml"],
  ])("refuses %s=%s, and says what it is", (variable, value) => {
    const load = () => loadConfig({ [variable]: value }, {});
    expect(load).toThrow(variable);
    expect(load).toThrow(value);
  });

  it("warns of tokens in the clear beyond loopback", () => {
    const token = { SPANCOST_TOKEN: "0123456789abcdef" };
    const tls = { SPANCOST_TLS_CERT: "cert.pem", SPANCOST_TLS_KEY: "key.pem" };
    expect(listWarnings(loadConfig(token, { host: "0.0.0.0" }))).toEqual([expect.stringContaining("without TLS")]);
    expect(listWarnings(loadConfig({ ...token, ...tls }, { host: "0.0.0.0" }))).toEqual([]);
    expect(listWarnings(loadConfig({}, {}))).toEqual([]);
  });

  it("is documented as it is", () => {
    const documented = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
    for (const { variable, default: fallback, meaning } of describeSettings()) {
      expect(documented).toContain(`| \`${variable}\` | ${fallback === "" ? "" : `\`${fallback}\``} | ${meaning} |`);
    }
  });
});
