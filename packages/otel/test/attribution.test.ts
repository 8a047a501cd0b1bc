import { context, diag, DiagLogLevel, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CBaggagePropagator } from "@opentelemetry/core";
import { beforeAll, describe, expect, it } from "vitest";
import { type AttributionInput, getAttribution, getOtelCounters, withAttribution } from "../src/index.ts";

const warnings: string[] = [];
const NOBODY = { tenantId: undefined, userId: undefined, feature: undefined, labels: {} };

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CBaggagePropagator());
  const ignore = (): void => undefined;
  const logger = {
    error: ignore,
    warn: (text: string) => warnings.push(text),
    info: ignore,
    debug: ignore,
    verbose: ignore,
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
});

describe("withAttribution", () => {
  it("gives back what its function returns, and passes on what it throws", async () => {
    const error = new Error("of the app");
    expect(withAttribution({ tenantId: "acme" }, () => 7)).toBe(7);
    await expect(withAttribution({ tenantId: "acme" }, async () => "later")).resolves.toBe("later");
    expect(() =>
      withAttribution({ tenantId: "acme" }, () => {
        throw error;
      }),
    ).toThrow(error);
  });

  it("nests, overriding single fields and labels, and ends with its function", () => {
    withAttribution({ tenantId: "acme", userId: "ann", labels: { plan: "pro", team: "a" } }, () => {
      withAttribution({ feature: "chat", userId: "bob", labels: { team: "b" } }, () => {
        const labels = { plan: "pro", team: "b" };
        expect(getAttribution()).toEqual({ tenantId: "acme", userId: "bob", feature: "chat", labels });
      });
      expect(getAttribution()).toEqual({
        ...NOBODY,
        tenantId: "acme",
        userId: "ann",
        labels: { plan: "pro", team: "a" },
      });
    });
    expect(getAttribution()).toEqual(NOBODY);
  });

  it("turns numbers into text and takes undefined, null and empty for not given", () => {
    const before = getOtelCounters().invalid_attribution;
    withAttribution({ tenantId: "acme", userId: "ann" }, () => {
      withAttribution(
        { tenantId: undefined, userId: "", feature: null, labels: { id: 7, big: 2n ** 64n, none: undefined } },
        () => {
          const labels = { id: "7", big: "18446744073709551616" };
          expect(getAttribution()).toEqual({ tenantId: "acme", userId: "ann", feature: undefined, labels });
        },
      );
    });
    expect(getOtelCounters().invalid_attribution).toBe(before);
  });

  it("leaves a bad value empty instead of billing the surrounding tenant, counts each and logs once", () => {
    const before = getOtelCounters().invalid_attribution;
    const bad: unknown[] = [{}, true, Number.NaN, "x".repeat(257), Symbol("acme"), () => "acme"];
    withAttribution({ tenantId: "acme" }, () => {
      for (const value of bad) {
        expect(
          withAttribution({ tenantId: value } as AttributionInput, () => getAttribution().tenantId),
        ).toBeUndefined();
      }
    });
    expect(withAttribution({ tenantId: "x".repeat(256) }, () => getAttribution().tenantId)).toBe("x".repeat(256));
    expect(getOtelCounters().invalid_attribution).toBe(before + bad.length);
    expect(warnings.filter((text) => text.includes("tenantId must be a string of 1 to 256 characters"))).toHaveLength(
      1,
    );
    expect(warnings.join()).not.toContain("acme");
  });

  it("leaves out labels with a bad name or value", () => {
    const labels = { "a b": "x", "": "x", ["n".repeat(65)]: "x", constructor: "kept", team: "x".repeat(257) };
    const merged = withAttribution({ labels: { team: "a" } }, () =>
      withAttribution({ labels }, () => getAttribution().labels),
    );
    expect(merged).toEqual({ constructor: "kept" });
  });

  it("runs its function exactly once, unattributed, when the attribution cannot be read at all", () => {
    let runs = 0;
    const run = (): string | undefined => {
      runs += 1;
      return getAttribution().tenantId;
    };
    const hostile = Object.defineProperty({}, "tenantId", {
      get: () => {
        throw new Error("hostile");
      },
    });
    expect(withAttribution(hostile, run)).toBeUndefined();
    expect(withAttribution(null as unknown as AttributionInput, run)).toBeUndefined();
    expect(withAttribution({ labels: 5 } as unknown as AttributionInput, run)).toBeUndefined();
    expect(runs).toBe(3);
  });

  it("bills what cannot be read to nobody, and not to the surrounding tenant", () => {
    const unreadable = new Proxy({}, { get: () => expect.fail("a session that is closed") });
    const read = () => withAttribution(unreadable, () => getAttribution().tenantId);
    expect(withAttribution({ tenantId: "acme" }, read)).toBeUndefined();
  });

  it("cannot be changed through what getAttribution gives", () => {
    withAttribution({ tenantId: "acme", labels: { plan: "pro" } }, () => {
      expect(Reflect.set(getAttribution(), "tenantId", "other")).toBe(false);
      expect(Reflect.set(getAttribution().labels, "plan", "other")).toBe(false);
    });
  });
});

describe("the trust boundary", () => {
  it("sends no attribution out by default", () => {
    withAttribution({ tenantId: "acme", userId: "ann", feature: "chat", labels: { plan: "pro" } }, () => {
      expect(readOutgoingBaggage()).toBe("");
    });
  });

  it("keeps the app's own baggage and adds fields only when asked, for scopes within as well", () => {
    const own = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ app: { value: "1" } }));
    context.with(own, () => {
      withAttribution({ tenantId: "acme", userId: "ann", labels: { plan: "pro" } }, assertMirrored, { baggage: true });
      expect(readOutgoingBaggage()).toBe("app=1");
    });
  });

  it("does not believe baggage that came in", () => {
    const inbound = propagation.extract(ROOT_CONTEXT, { baggage: "tenant_id=victim,user_id=victim,feature=x" });
    context.with(inbound, () => {
      expect(getAttribution()).toEqual(NOBODY);
      expect(withAttribution({ feature: "chat" }, getAttribution)).toEqual({ ...NOBODY, feature: "chat" });
    });
  });
});

function assertMirrored(): void {
  expect(readOutgoingBaggage()).toBe("app=1,tenant_id=acme,user_id=ann");
  withAttribution({ tenantId: "globex" }, () =>
    expect(readOutgoingBaggage()).toBe("app=1,tenant_id=globex,user_id=ann"),
  );
  withAttribution({}, () => expect(readOutgoingBaggage()).toBe("app=1"), { baggage: false });
}

function readOutgoingBaggage(): string {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers["baggage"] ?? "";
}

it("says that a field is misspelt, and leaves it out", () => {
  const before = getOtelCounters().invalid_attribution;
  const misspelt = { tenant: "acme", userId: "u-1" } as AttributionInput;
  withAttribution(misspelt, () => {
    expect(getAttribution()).toMatchObject({ tenantId: undefined, userId: "u-1" });
  });
  expect(getOtelCounters().invalid_attribution).toBe(before + 1);
});
