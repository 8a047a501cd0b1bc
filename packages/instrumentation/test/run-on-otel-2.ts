import { expect, it, vi } from "vitest";

// Whatever is imported after this file, sources and tests, gets the packages of the 2.x line, each the real one.
vi.mock("@opentelemetry/api", async () => (await import("otel-line-2")).api);
vi.mock("@opentelemetry/context-async-hooks", async () => (await import("otel-line-2")).contextAsyncHooks);
vi.mock("@opentelemetry/core", async () => (await import("otel-line-2")).core);
vi.mock("@opentelemetry/instrumentation", async () => (await import("otel-line-2")).instrumentation);
vi.mock("@opentelemetry/instrumentation-http", async () => (await import("otel-line-2")).instrumentationHttp);
vi.mock("@opentelemetry/instrumentation-undici", async () => (await import("otel-line-2")).instrumentationUndici);
vi.mock("@opentelemetry/sdk-trace", async () => (await import("otel-line-2")).sdkTrace);

it("runs on OpenTelemetry JS 2.x", async () => {
  expect((await import("@opentelemetry/api")).trace).toBe((await import("otel-line-2")).api.trace);
  expect(Reflect.get(globalThis, Symbol.for("opentelemetry.js.api.1"))).toMatchObject({ version: "1.9.1" });
});
