import { diag, DiagLogLevel } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { getAttribution, getOtelCounters, withAttribution } from "../src/index.ts";

it("reports a missing context manager once, counts it each time, and runs the function exactly once", async () => {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const logger = {
    error: ignore,
    warn: (text: string) => warnings.push(text),
    info: ignore,
    debug: ignore,
    verbose: ignore,
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
  let runs = 0;
  const run = (): string | undefined => {
    runs += 1;
    return getAttribution().tenantId;
  };
  expect(withAttribution({ tenantId: "acme" }, run)).toBeUndefined();
  expect(await withAttribution({ tenantId: "acme" }, async () => run())).toBeUndefined();
  expect(runs).toBe(2);
  expect(getOtelCounters().missing_context_manager).toBe(2);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain("no OpenTelemetry context manager is registered");
});

it("survives a logger that throws", () => {
  const fail = (): never => {
    throw new Error("of the logger");
  };
  diag.setLogger(
    { error: fail, warn: fail, info: fail, debug: fail, verbose: fail },
    { suppressOverrideMessage: true },
  );
  expect(withAttribution({ userId: "x".repeat(257) }, () => "ran")).toBe("ran");
});
