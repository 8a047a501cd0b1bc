import { createHmac } from "node:crypto";
import { context, defaultTextMapGetter, diag, DiagLogLevel } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, expect, it } from "vitest";
import {
  AttributionPropagator,
  captureAttribution,
  configureAttribution,
  getAttribution,
  getOtelCounters,
  runWithCarrier,
  setAttribution,
  withAttribution,
} from "../../src/index.ts";
import { KEY, TRACEPARENT } from "../boundary/keys.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
afterEach(() => configureAttribution({ hashIds: undefined }));

/** Printed by Python 3: hmac.new(bytes(range(32)), b"user_id=ann@example.com", hashlib.sha256).hexdigest()[:32]. */
const ANN = "h_628d08a77d764ac3651d03dd209343fc";
const ACME = "h_6091a7cda2b28d6305bc98b26d6efb29";

it("warns once a field of values that look like e-mail addresses, without the value", () => {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const warn = (text: string): void => void warnings.push(text);
  const logger = { error: ignore, warn, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  for (let turn = 0; turn < 3; turn += 1) {
    withAttribution({ userId: "ann@example.com", tenantId: "a@b", feature: "chat@" }, () => {
      expect(getAttribution().userId).toBe("ann@example.com");
      setAttribution({ tenantId: "billing@acme.example" });
    });
  }
  for (const userId of ["@handle", "a b@example.com", "ann@", "acme@v1."]) withAttribution({ userId }, ignore);
  expect(warnings.map((text) => text.split(" looks like ")[0])).toEqual(["spancost: userId", "spancost: tenantId"]);
  expect(warnings.join()).not.toMatch(/ann|acme/);
  expect(getOtelCounters().personal_id).toBe(6);
});

it("replaces ids by a keyed hash before they reach a span, a header or a carrier, once", () => {
  configureAttribution({ hashIds: { key: KEY.key } });
  expect(`h_${createHmac("sha256", KEY.key).update("user_id=ann@example.com").digest("hex").slice(0, 32)}`).toBe(ANN);
  withAttribution({ tenantId: "acme", userId: "ann@example.com", feature: "chat" }, () => {
    expect(getAttribution()).toMatchObject({ tenantId: ACME, userId: ANN, feature: "chat" });
    const carrier = captureAttribution();
    expect(carrier).toEqual({ tenant_id: ACME, user_id: ANN, feature: "chat" });
    expect(runWithCarrier(carrier, getAttribution)).toMatchObject({ tenantId: ACME, userId: ANN });
    withAttribution(getAttribution(), () => expect(getAttribution().tenantId).toBe(ACME));
    setAttribution({ tenantId: 7 });
    expect(getAttribution().tenantId).toMatch(/^h_[0-9a-f]{32}$/);
  });
});

it("hashes what comes in from a service that does not hash, and the named fields only", () => {
  const propagator = new AttributionPropagator({ signingKeys: [KEY] });
  const header = withAttribution({ tenantId: "acme", userId: "ann@example.com" }, () => propagator.write(TRACEPARENT));
  configureAttribution({ hashIds: { key: KEY.key, fields: ["userId"] } });
  const carrier: Record<string, string> = { ...header, traceparent: TRACEPARENT };
  const received = propagator.extract(context.active(), carrier, defaultTextMapGetter);
  expect(getAttribution(received)).toMatchObject({ tenantId: "acme", userId: ANN });
});

it("leaves ids out that it cannot hash, and says so", () => {
  const before = getOtelCounters().invalid_boundary;
  configureAttribution({ hashIds: { key: new Uint8Array(31) } });
  withAttribution({ tenantId: "acme", userId: "ann@example.com", feature: "chat" }, () =>
    expect(getAttribution()).toMatchObject({ tenantId: undefined, userId: undefined, feature: "chat" }),
  );
  expect(getOtelCounters().invalid_boundary).toBe(before + 2);
});

it("stays on when something else is configured, and ends when that is asked for", () => {
  configureAttribution({ hashIds: { key: KEY.key } });
  configureAttribution({ trustedPeers: [] });
  const read = () => withAttribution({ userId: "u-17" }, () => getAttribution().userId);
  expect(read()).toMatch(/^h_[0-9a-f]{32}$/);
  configureAttribution({ hashIds: undefined });
  expect(read()).toBe("u-17");
});
