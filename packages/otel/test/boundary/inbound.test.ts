import { context, defaultTextMapGetter, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPeerTrust, runWithTrustedClaims } from "../../src/boundary/trusted-peers.ts";
import { getAttribution, getOtelCounters, withAttribution } from "../../src/index.ts";
import { KEY, NEXT_KEY, NOW_MS, SPAN_ID, TRACE_ID, TRACEPARENT } from "./keys.ts";
import {
  ACME,
  BELIEVED,
  create,
  inject,
  INNERS,
  judge,
  receive,
  refused,
  send,
  startApp,
} from "./propagator-fixture.ts";

const warnings = startApp();

describe.each(INNERS)("what comes in, with %s inside", (_, inner) => {
  it("is believed when its signature holds, keeps the app's own baggage, and inherits nothing", () => {
    const header = `app=1%202;p=1,${send(create())}`;
    const received = receive(create({ inner }), { baggage: header, traceparent: TRACEPARENT });
    expect(getAttribution(received)).toEqual({ ...ACME, labels: {} });
    expect(propagation.getBaggage(received)?.getAllEntries()).toMatchObject([["app", { value: "1 2" }]]);
    const inner2 = withAttribution({ tenantId: "other", taskId: "t", labels: { plan: "pro" } }, () =>
      create({ inner }).extract(context.active(), { baggage: header, traceparent: TRACEPARENT }, defaultTextMapGetter),
    );
    expect(getAttribution(inner2)).toEqual({ ...ACME, labels: {} });
  });

  it("is refused for each reason, counted, and logged without values", () => {
    const baggage = send(create());
    const traceparent = TRACEPARENT;
    const otherTrace = TRACEPARENT.replace(TRACE_ID, "4bf92f3577b34da6a3ce929d0e0e4736");
    const otherSpan = TRACEPARENT.replace(SPAN_ID, "00f067aa0ba902b7");
    const unsigned = "tenant_id=acme";
    expect(judge(create({ inner }), { baggage, traceparent })).toEqual(BELIEVED);
    expect(judge(create({ inner }), { baggage: unsigned, traceparent })).toEqual(refused("unsigned"));
    expect(judge(create({ inner }), { baggage })).toEqual(refused("other_trace"));
    expect(judge(create({ inner }), { baggage, traceparent: `${TRACEPARENT}, ${TRACEPARENT}` })).toEqual(
      refused("other_trace"),
    );
    expect(judge(create({ inner }), { baggage, traceparent: otherTrace })).toEqual(refused("bad_signature"));
    expect(judge(create({ inner }), { baggage, traceparent: otherSpan })).toEqual(refused("bad_signature"));
    expect(judge(create({ inner, signingKeys: [NEXT_KEY] }), { baggage, traceparent })).toEqual(refused("unknown_key"));
    expect(judge(create({ inner, signingKeys: [] }), { baggage, traceparent })).toEqual(refused("unknown_key"));
    expect(judge(create({ inner }), { baggage: `${baggage},tenant_id=victim`, traceparent })).toEqual(
      refused("malformed"),
    );
    expect(judge(create({ inner }), { baggage: `${baggage};p=1`, traceparent })).toEqual(refused("malformed"));
    expect(judge(create({ inner }), { baggage: "tenant_id=%zz", traceparent })).toEqual(refused("malformed"));
    expect(judge(create({ inner }), { baggage: `tenant_id=${"x".repeat(257)}`, traceparent })).toEqual(
      refused("malformed"),
    );
    expect(judge(create({ inner }), { baggage: "tenant%5Fid=victim", traceparent })).toEqual({
      tenant: undefined,
      refusals: [],
    });
    expect(judge(create({ inner }), { baggage: "app=1", traceparent })).toEqual({ tenant: undefined, refusals: [] });
    expect(warnings.filter((text) => /acme|u-17|victim/.test(text))).toEqual([]);
  });
});

describe("what comes in", () => {
  const baggage = send(create());
  const traceparent = TRACEPARENT;

  it("verifies with every key while keys are being changed, and is signed with the first", () => {
    const changing = create({ signingKeys: [NEXT_KEY, KEY] });
    expect(judge(changing, { baggage, traceparent })).toEqual(BELIEVED);
    expect(send(changing)).toContain("spancost.sig=v1.2026-12.");
    expect(judge(changing, { baggage: send(changing), traceparent })).toEqual(BELIEVED);
  });

  it("expires 60 s after it was signed, and 30 s of clock skew", () => {
    const at = (seconds: number) => judge(create({ now: () => NOW_MS + seconds * 1_000 }), { baggage, traceparent });
    expect(at(90)).toEqual(BELIEVED);
    expect(at(90.001)).toEqual(refused("expired"));
    expect(at(-3_600)).toEqual(BELIEVED);
    expect(
      judge(create({ now: () => NOW_MS + 11_000, clockSkewSeconds: 0 }), {
        baggage: send(create({ lifeSeconds: 10 })),
        traceparent,
      }),
    ).toEqual(refused("expired"));
  });

  it("is believed once only with rejectReplays, and remembers within its bound", () => {
    let now = NOW_MS;
    const propagator = create({ rejectReplays: true, maxRememberedSignatures: 1, now: () => now });
    expect(judge(propagator, { baggage, traceparent })).toEqual(BELIEVED);
    expect(judge(propagator, { baggage, traceparent })).toEqual(refused("replayed"));
    const another = {
      baggage: withAttribution({ tenantId: "acme" }, () => create().write(traceparent)?.baggage ?? ""),
      traceparent,
    };
    expect(judge(propagator, another)).toEqual(refused("replayed"));
    now += 91_000;
    const later = create({ now: () => now });
    expect(judge(propagator, { baggage: send(later), traceparent })).toEqual(BELIEVED);
    expect(judge(create(), { baggage, traceparent })).toEqual(BELIEVED);
    expect(judge(create(), { baggage, traceparent })).toEqual(BELIEVED);
  });

  it("reads a header that came in several parts", () => {
    expect(judge(create(), { baggage: baggage.split(","), traceparent: [traceparent] })).toEqual(BELIEVED);
    expect(judge(create(), { baggage: ` ${baggage.replaceAll(",", " ,\t")} `, traceparent })).toEqual(BELIEVED);
    expect(judge(create(), { baggage: `${baggage},${baggage}`, traceparent })).toEqual(BELIEVED);
  });

  it("is believed unsigned from a trusted peer only, and from everybody with trustAll", () => {
    const trust = createPeerTrust(["10.0.0.0/8", "fd00::/8", "192.0.2.7", "not an address", "10.0.0.0/33"]);
    const received = receive(create(), { baggage: "tenant_id=acme", traceparent });
    const from = (address: string | undefined): string | undefined =>
      context.with(received, () => runWithTrustedClaims(trust, address, () => getAttribution().tenantId));
    const trusted = ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "fd00::1%eth0", "192.0.2.7"];
    const strangers = ["11.0.0.1", "::ffff:11.0.0.1", "fe80::1", "192.0.2.8", "", "10.1.2.3.4", "evil", undefined];
    expect(trusted.map(from)).toEqual(trusted.map(() => "acme"));
    expect(strangers.map(from)).toEqual(strangers.map(() => undefined));
    expect(judge(create({ trustAll: true }), { baggage: "tenant_id=acme" })).toEqual(BELIEVED);
    expect(warnings.filter((text) => text.includes("trustAll believes"))).toHaveLength(1);
  });

  it("leaves no unverified claims of one message to the next", () => {
    const first = receive(create(), { baggage: "tenant_id=acme" });
    const second = create().extract(first, {}, defaultTextMapGetter);
    const trust = createPeerTrust(["10.0.0.0/8"]);
    context.with(second, () =>
      runWithTrustedClaims(trust, "10.0.0.1", () => expect(getAttribution().tenantId).toBeUndefined()),
    );
  });

  it("never verifies with any byte of any member or of the traceparent's ids altered", () => {
    const propagator = create();
    expect(judge(propagator, { baggage, traceparent })).toEqual(BELIEVED);
    for (let index = 0; index < baggage.length; index += 1) {
      for (const byte of ["A", "b", "0", "%", "-", "=", ";", ",", " ", "\n", "\u{00e9}"]) {
        if (baggage[index] === byte) continue;
        const altered = baggage.slice(0, index) + byte + baggage.slice(index + 1);
        expect(judge(propagator, { baggage: altered, traceparent }).tenant).toBeUndefined();
      }
    }
    for (let index = 3; index < 52; index += 1) {
      if (traceparent[index] === "-") continue;
      const digit = traceparent[index] === "a" ? "b" : "a";
      const altered = traceparent.slice(0, index) + digit + traceparent.slice(index + 1);
      expect(judge(propagator, { baggage, traceparent: altered }).tenant).toBeUndefined();
    }
  });

  it("never throws and never believes, whatever comes", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc
        .array(
          fc.constantFrom(
            "tenant_id=",
            "spancost.sig=v1.2026-11.1795219260.",
            "%",
            "%zz",
            "x",
            ";",
            ",",
            "=",
            " ",
            "\t",
          ),
        )
        .map((parts) => parts.join("")),
      fc.constant(`tenant_id=${" \t".repeat(50_000)}x`),
      fc.constant("tenant_id=x,".repeat(10_000)),
    );
    const header = fc.oneof(text, fc.array(text, { maxLength: 3 }));
    fc.assert(
      fc.property(header, header, (hostile, parent) => {
        expect(judge(create(), { baggage: hostile, traceparent: parent }).tenant).toBeUndefined();
        expect(judge(create(), { baggage: hostile, traceparent }).tenant).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    const odd: unknown[] = [null, 7, {}, [7], [null], Symbol("x")];
    for (const value of odd) judge(create(), { baggage: value as string, traceparent: value as string });
  });

  it("carries any value whole, from one service to the next", () => {
    const value = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(value, value, (tenantId, userId) => {
        const header = withAttribution({ tenantId, userId }, () => create().write(traceparent)?.baggage ?? "");
        const received = receive(create(), { baggage: header, traceparent });
        expect(getAttribution(received)).toMatchObject({
          tenantId: tenantId.toWellFormed(),
          userId: userId.toWellFormed(),
        });
      }),
    );
  });

  it("survives a broken inner propagator, getter and setter", () => {
    const before = getOtelCounters().propagator_failed;
    const fail = (): never => {
      throw new Error("broken");
    };
    const inner = { inject: fail, extract: fail, fields: () => [] };
    expect(receive(create({ inner }), { baggage, traceparent })).toBe(ROOT_CONTEXT);
    expect(create().extract(ROOT_CONTEXT, {}, { get: fail, keys: () => [] })).toBe(ROOT_CONTEXT);
    expect(inject(create({ inner }), ROOT_CONTEXT)).toEqual({});
    expect(getOtelCounters().propagator_failed).toBe(before + 3);
  });
});

describe("keys that cannot be used", () => {
  const short = { id: "short", key: new Uint8Array(31) };
  it.each([[[short]], [[KEY, short]], [[KEY, KEY]], [[{ id: "a b", key: KEY.key }]]])(
    "sign and verify nothing, and are reported",
    (signingKeys) => {
      const before = getOtelCounters().invalid_boundary;
      const propagator = create({ signingKeys });
      expect(getOtelCounters().invalid_boundary).toBe(before + 1);
      expect(send(propagator)).toBe("tenant_id=acme,user_id=u-17,feature=chat");
      expect(judge(propagator, { baggage: send(create()), traceparent: TRACEPARENT })).toEqual(refused("unknown_key"));
    },
  );

  it("are none where the runtime has no crypto", () => {
    const getBuiltinModule: unknown = Reflect.get(process, "getBuiltinModule");
    const header = send(create());
    try {
      Reflect.set(process, "getBuiltinModule", undefined);
      const propagator = create();
      expect(send(propagator)).toBe("tenant_id=acme,user_id=u-17,feature=chat");
      expect(judge(propagator, { baggage: header, traceparent: TRACEPARENT })).toEqual(refused("unknown_key"));
    } finally {
      Reflect.set(process, "getBuiltinModule", getBuiltinModule);
    }
  });
});
