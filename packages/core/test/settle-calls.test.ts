import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SettleCall, settleCalls, type SettleSpan, UNKNOWN_USAGE } from "../src/index.ts";

const NOBODY = { tenantId: "", userId: "", feature: "", task: "", taskId: "" };
const T0 = 1_780_000_000_000_000_000n;
const MS = 1_000_000n;

function call(spanId: string, changes: Partial<SettleCall> = {}): SettleCall {
  const traceId = changes.traceId ?? "t1";
  return {
    key: `${traceId}:${spanId}`,
    traceId,
    spanId,
    parentSpanId: "",
    producer: "openai",
    costKind: "llm",
    service: "api",
    modelRequested: "gpt-5-mini",
    modelReported: "gpt-5-mini-2025-08-07",
    responseId: "",
    startTimeUnixNano: T0,
    endTimeUnixNano: T0 + 100n * MS,
    usage: { ...UNKNOWN_USAGE, input: 100, output: 20 },
    usageKnown: true,
    refused: false,
    attribution: NOBODY,
    ...changes,
  };
}

/** A span of another tracer around the time of `call`. */
const PEER = {
  traceId: "t2",
  producer: "langfuse",
  startTimeUnixNano: T0 - MS,
  endTimeUnixNano: T0 + 101n * MS,
} as const;
const unknown = { usage: UNKNOWN_USAGE, usageKnown: false } as const;

function spanOf({ traceId, spanId, parentSpanId, attribution }: SettleCall): SettleSpan {
  return { traceId, spanId, parentSpanId, attribution };
}

function span(spanId: string, parentSpanId: string, attribution: Partial<typeof NOBODY> = {}): SettleSpan {
  return { traceId: "t1", spanId, parentSpanId, attribution: { ...NOBODY, ...attribution } };
}

/** Which calls count, and why the others do not. */
function settle(calls: SettleCall[], spans: SettleSpan[] = []): Record<string, string> {
  const settled = settleCalls(calls, [...calls.map(spanOf), ...spans]);
  return Object.fromEntries(
    [...settled].map(([key, { duplicateOf, reason }]) => [
      key,
      duplicateOf === "" ? "counts" : `${reason} ${duplicateOf}`,
    ]),
  );
}

describe("settlement in one trace", () => {
  it("counts two instrumentations of one call once (dd-trace-js#8936)", () => {
    const outer = call("a", { producer: "langchain", responseId: "r1" });
    const inner = call("b", { parentSpanId: "a", responseId: "r1" });
    expect(settle([outer, inner])).toEqual({ "t1:a": "same-response t1:b", "t1:b": "counts" });
  });

  it("finds the call below spans that are no calls", () => {
    const outer = call("a", { producer: "langchain" });
    const inner = call("c", { parentSpanId: "b" });
    expect(settle([outer, inner], [span("b", "a")])).toEqual({ "t1:a": "same-usage t1:c", "t1:c": "counts" });
  });

  it("lets the span that knows the cached tokens count", () => {
    const outer = call("a", {
      producer: "langfuse",
      usage: { ...UNKNOWN_USAGE, input: 100, output: 20, cacheRead: 40, reasoning: 5 },
    });
    const inner = call("b", { parentSpanId: "a" });
    expect(settle([outer, inner])).toEqual({ "t1:a": "counts", "t1:b": "same-usage t1:a" });
  });

  it("does not count a parent that sums its children (braintrust-sdk-javascript#1377)", () => {
    const parent = call("a", { producer: "agents", usage: { ...UNKNOWN_USAGE, input: 210, output: 50 } });
    const first = call("b", { parentSpanId: "a" });
    const second = call("c", { parentSpanId: "a", usage: { ...UNKNOWN_USAGE, input: 110, output: 30 } });
    expect(settle([parent, first, second])).toEqual({
      "t1:a": "sum-of-descendants t1:b",
      "t1:b": "counts",
      "t1:c": "counts",
    });
  });

  it("does not count a parent that sums steps which two producers saw each", () => {
    const parent = call("a", { producer: "agents", usage: { ...UNKNOWN_USAGE, input: 210, output: 50 } });
    const steps = [0n, 200n].flatMap((at, step) =>
      ["langchain", "openai"].map((producer) =>
        call(`${step}${producer}`, {
          parentSpanId: "a",
          producer,
          startTimeUnixNano: T0 + at * MS,
          endTimeUnixNano: T0 + (at + 100n) * MS,
          usage: { ...UNKNOWN_USAGE, input: 100 + step * 10, output: 20 + step * 10 },
        }),
      ),
    );
    expect(Object.values(settle([parent, ...steps])).filter((what) => what === "counts")).toHaveLength(2);
    expect(settle([parent, ...steps])["t1:a"]).toMatch(/^sum-of-descendants/);
  });

  it("keeps a nested call of another model, and one with another response id, that lacks usage", () => {
    const outer = call("a", { responseId: "r1" });
    expect(
      settle([outer, call("b", { parentSpanId: "a", ...unknown, modelRequested: "o3", modelReported: "o3" })]),
    ).toEqual({ "t1:a": "counts", "t1:b": "counts" });
    expect(settle([outer, call("b", { parentSpanId: "a", ...unknown, responseId: "r2" })])).toEqual({
      "t1:a": "counts",
      "t1:b": "counts",
    });
  });

  it("counts a different call made inside a call", () => {
    const outer = call("a");
    const inner = call("b", { parentSpanId: "a", producer: "tool", usage: { ...UNKNOWN_USAGE, input: 7, output: 3 } });
    expect(settle([outer, inner])).toEqual({ "t1:a": "counts", "t1:b": "counts" });
    const otherModel = call("c", { parentSpanId: "a", modelRequested: "o3", modelReported: "o3" });
    expect(settle([outer, otherModel])).toEqual({ "t1:a": "counts", "t1:c": "counts" });
  });

  it("takes the usage from wherever it is on the line of descent", () => {
    expect(settle([call("a", unknown), call("b", { parentSpanId: "a" })])).toMatchObject({
      "t1:a": "ancestor-without-usage t1:b",
    });
    expect(settle([call("a"), call("b", { parentSpanId: "a", ...unknown })])).toMatchObject({
      "t1:b": "descendant-without-usage t1:a",
    });
  });

  it("keeps refused attempts below a call that succeeded", () => {
    const outer = call("a", { producer: "langchain" });
    const refused = call("b", { parentSpanId: "a", refused: true, modelReported: "", ...unknown });
    const billed = call("c", { parentSpanId: "a" });
    expect(settle([outer, refused, billed])).toEqual({ "t1:a": "same-usage t1:c", "t1:b": "counts", "t1:c": "counts" });
  });

  it("counts siblings with the same figures, and with the same response id, as what they are: two calls", () => {
    const calls = [
      call("b", { parentSpanId: "a", responseId: "r" }),
      call("c", { parentSpanId: "a", responseId: "r" }),
    ];
    expect(settle(calls, [span("a", "")])).toEqual({ "t1:b": "counts", "t1:c": "counts" });
  });
});

describe("settlement across traces", () => {
  const other = PEER;

  it("counts a call that two tracers saw once (langfuse#9344, litellm#15740)", () => {
    expect(settle([call("a"), call("b", other)])).toEqual({ "t1:a": "counts", "t2:b": "same-usage t1:a" });
  });

  it("never merges by a response id alone (litellm#28376)", () => {
    const same = { responseId: "r" };
    const later = { startTimeUnixNano: T0 + 500n * MS, endTimeUnixNano: T0 + 600n * MS };
    expect(settle([call("a", same), call("b", { ...other, ...same, ...later })])).toEqual({
      "t1:a": "counts",
      "t2:b": "counts",
    });
    const differs = { modelRequested: "o3", modelReported: "o3" };
    expect(settle([call("a", same), call("b", { ...other, ...same, ...differs })])).toEqual({
      "t1:a": "counts",
      "t2:b": "counts",
    });
    expect(settle([call("a", same), call("b", { ...same, traceId: "t2" })])).toEqual({
      "t1:a": "counts",
      "t2:b": "counts",
    });
  });

  it("does not merge calls with different response ids, whatever else agrees", () => {
    expect(settle([call("a", { responseId: "r1" }), call("b", { ...other, responseId: "r2" })])).toEqual({
      "t1:a": "counts",
      "t2:b": "counts",
    });
  });

  it("matches every call with one of the other producer at the most", () => {
    const calls = [call("a"), call("b", { traceId: "t3" }), call("c", other)];
    const counted = Object.values(settle(calls)).filter((what) => what === "counts");
    expect(counted).toHaveLength(2);
  });

  it("takes a call without usage for one that another producer saw in the same time", () => {
    expect(settle([call("a", { ...unknown, modelReported: "" }), call("b", other)])).toEqual({
      "t1:a": "peer-without-usage t2:b",
      "t2:b": "counts",
    });
  });

  it("leaves a call without usage alone when several calls at the time could be it", () => {
    const calls = [
      call("a", { ...unknown, modelReported: "" }),
      call("b", other),
      call("c", { ...other, traceId: "t3" }),
    ];
    expect(settle(calls)).toEqual({ "t1:a": "counts", "t2:b": "counts", "t3:c": "counts" });
  });

  it("never merges calls of different tenants, users or features", () => {
    const of = (tenantId: string) => ({ attribution: { ...NOBODY, tenantId } });
    expect(settle([call("a", of("acme")), call("b", { ...other, ...of("globex") })])).toEqual({
      "t1:a": "counts",
      "t2:b": "counts",
    });
    expect(settle([call("a", { ...unknown, ...of("acme") }), call("b", { ...other, ...of("globex") })])).toEqual({
      "t1:a": "counts",
      "t2:b": "counts",
    });
    // Also where the tenant stands on an ancestor.
    const calls = [call("a", { parentSpanId: "r" }), call("b", { ...other, ...of("globex") })];
    expect(settle(calls, [span("r", "", { tenantId: "acme" })])).toEqual({ "t1:a": "counts", "t2:b": "counts" });
  });

  it("does not merge look-alikes that end apart, without an id that both have", () => {
    const longer = { ...other, endTimeUnixNano: T0 + 400n * MS };
    expect(settle([call("a"), call("b", longer)])).toEqual({ "t1:a": "counts", "t2:b": "counts" });
    expect(settle([call("a", { responseId: "r" }), call("b", { ...longer, responseId: "r" })])).toMatchObject({
      "t2:b": "same-response t1:a",
    });
  });

  it("counts once what a framework's span in the same trace saw, which ends after its own work on the answer", () => {
    const framework = { producer: "langchain", startTimeUnixNano: T0 - MS, endTimeUnixNano: T0 + 300n * MS };
    expect(settle([call("a"), call("b", framework)])).toEqual({ "t1:a": "counts", "t1:b": "same-usage t1:a" });
    const later = { ...framework, endTimeUnixNano: T0 + 700n * MS };
    expect(settle([call("a"), call("b", later)])).toEqual({ "t1:a": "counts", "t1:b": "counts" });
    expect(settle([call("a"), call("b", { ...framework, traceId: "t2" })])).toEqual({
      "t1:a": "counts",
      "t2:b": "counts",
    });
  });

  it("keeps services apart", () => {
    expect(settle([call("a"), call("b", { ...other, service: "other" })])).toEqual({
      "t1:a": "counts",
      "t2:b": "counts",
    });
  });
});

describe("attribution", () => {
  it("comes from the nearest ancestor that has it, each part by itself", () => {
    const inner = call("c", { parentSpanId: "b", attribution: { ...NOBODY, feature: "own" } });
    const spans = [
      span("b", "a", { userId: "near" }),
      span("a", "", { userId: "far", tenantId: "acme", feature: "far" }),
    ];
    expect(settleCalls([inner], [spanOf(inner), ...spans]).get("t1:c")?.attribution).toEqual({
      ...NOBODY,
      tenantId: "acme",
      userId: "near",
      feature: "own",
    });
  });

  it("comes from the span that lost, where the one that counts has none", () => {
    const winner = call("a");
    const loser = call("b", { ...PEER, attribution: { ...NOBODY, tenantId: "acme" } });
    expect(settleCalls([winner, loser], [winner, loser].map(spanOf)).get("t1:a")?.attribution.tenantId).toBe("acme");
  });

  it("ends at a circle of parents", () => {
    const circle = call("a", { parentSpanId: "b" });
    expect(settleCalls([circle], [spanOf(circle), span("b", "a")]).get("t1:a")?.duplicateOf).toBe("");
  });
});

describe("settlement as a whole", () => {
  const calls = fc.uniqueArray(
    fc.record({
      spanId: fc.constantFrom("a", "b", "c", "d", "e", "f"),
      traceId: fc.constantFrom("t1", "t2"),
      parentSpanId: fc.constantFrom("", "a", "b", "c"),
      producer: fc.constantFrom("p", "q", "r"),
      responseId: fc.constantFrom("", "r1", "r2"),
      start: fc.integer({ min: 0, max: 50 }),
      length: fc.integer({ min: 1, max: 50 }),
      output: fc.constantFrom(null, 10, 20),
    }),
    { selector: ({ traceId, spanId }) => `${traceId}:${spanId}`, maxLength: 8 },
  );
  const toCalls = (drafts: { start: number; length: number; output: number | null; spanId: string }[]) =>
    drafts.map(({ start, length, output, spanId, ...rest }) =>
      call(spanId, {
        ...rest,
        startTimeUnixNano: T0 + BigInt(start) * MS,
        endTimeUnixNano: T0 + BigInt(start + length) * MS,
        usage: output === null ? UNKNOWN_USAGE : { ...UNKNOWN_USAGE, input: 5, output },
        usageKnown: output !== null,
      }),
    );

  it("does not depend on the order in which spans came", () => {
    fc.assert(
      fc.property(calls, fc.infiniteStream(fc.nat()), (drafts, random) => {
        const straight = toCalls(drafts);
        const shuffled = straight.toSorted(() => ((random.next().value ?? 0) % 3) - 1);
        expect(settle(shuffled)).toEqual(settle(straight));
      }),
    );
  });

  it("points every duplicate at a call that counts", () => {
    fc.assert(
      fc.property(calls, (drafts) => {
        const settled = settleCalls(toCalls(drafts), toCalls(drafts).map(spanOf));
        for (const { duplicateOf } of settled.values()) {
          if (duplicateOf !== "") expect(settled.get(duplicateOf)?.duplicateOf).toBe("");
        }
      }),
    );
  });
});

it("settles thousands of calls at the same time, of two producers", () => {
  const count = 10_000;
  const calls = Array.from({ length: count }, (_, index) => {
    const usage = { ...UNKNOWN_USAGE, input: 100 + index, output: index };
    const responseId = `response-${index}`;
    return [
      call(`a${index}`, { usage, responseId }),
      call(`b${index}`, { ...PEER, traceId: `u${index}`, usage, responseId }),
    ];
  }).flat();
  const settled = [...settleCalls(calls, []).values()];
  expect(settled.filter(({ reason }) => reason === "same-response")).toHaveLength(count);
});
