import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { describeSettings, loadConfig } from "../../src/config/load-config.ts";
import { readOtelEnvironment } from "../../src/config/otel-environment.ts";

it("is documented setting by setting", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  for (const { variable, default: fallback, meaning } of describeSettings()) {
    const shown = fallback === "" ? "" : `\`${fallback}\``;
    expect(readme).toContain(`| \`${variable}\` | ${shown} | ${meaning} |`);
  }
});

it("reads settings, and URLs that the SDKs are told to call", () => {
  const { config, problems } = loadConfig({
    SPANCOST_PROPAGATE_TO: "a.example, *.b.example:8080,",
    SPANCOST_TRUST_ALL: "true",
    OPENAI_BASE_URL: "http://127.0.0.1:1/v1",
  });
  expect(problems).toEqual([]);
  expect(config).toMatchObject({
    propagateTo: ["a.example", "*.b.example:8080"],
    trustAll: true,
    tenantKey: "tenant_id",
  });
  expect(config.baseUrls.openai).toEqual(["http://127.0.0.1:1/v1"]);
});

it("names every setting that cannot be used, and keeps the others", () => {
  const { config, problems } = loadConfig({
    SPANCOST_SIGNING_KEYS: "none",
    SPANCOST_HASH_KEY: "c2hvcnQ=",
    SPANCOST_TRUST_ALL: "perhaps",
    SPANCOST_USER_KEY: "customer",
  });
  expect(problems.map((problem) => problem.split(":")[0])).toEqual([
    "SPANCOST_SIGNING_KEYS",
    "SPANCOST_TRUST_ALL",
    "SPANCOST_HASH_KEY",
  ]);
  expect(config).toMatchObject({ signingKeys: [], trustAll: false, userKey: "customer" });
  // Not hashed would be in clear: without a usable key ids are left out.
  expect(config.hashKey).toBe("");
});

it("reads OpenTelemetry's variables by the specification", () => {
  expect(readOtelEnvironment({})).toEqual({
    isDisabled: false,
    exporters: ["otlp"],
    protocol: "http/protobuf",
    sampler: { root: "always_on", ratio: 1, isParentBased: true },
    logLevel: undefined,
    propagators: ["tracecontext", "baggage"],
    problems: [],
  });
  expect(
    readOtelEnvironment({
      OTEL_SDK_DISABLED: "TRUE",
      OTEL_TRACES_EXPORTER: "console,otlp",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json",
      OTEL_TRACES_SAMPLER: "traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.25",
      OTEL_PROPAGATORS: "tracecontext",
      OTEL_LOG_LEVEL: "WARN",
    }),
  ).toEqual({
    isDisabled: true,
    exporters: ["console", "otlp"],
    protocol: "http/json",
    sampler: { root: "traceidratio", ratio: 0.25, isParentBased: false },
    logLevel: "warn",
    propagators: ["tracecontext"],
    problems: [],
  });
  const { problems, sampler } = readOtelEnvironment({
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "2",
    OTEL_PROPAGATORS: "b3",
  });
  expect(problems).toHaveLength(2);
  expect(sampler.ratio).toBe(1);
});

it("names hosts and peers that mean nothing", () => {
  const { problems } = loadConfig({
    SPANCOST_PROPAGATE_TO: "a.example,*,http://b/",
    SPANCOST_TRUSTED_PEERS: "10.0.0.0/8,foo",
  });
  expect(problems.map((problem) => problem.split(":")[0])).toEqual([
    "SPANCOST_PROPAGATE_TO",
    "SPANCOST_PROPAGATE_TO",
    "SPANCOST_TRUSTED_PEERS",
  ]);
});
