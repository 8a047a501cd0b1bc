import { ATTRIBUTION_KEYS } from "@spancost/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallRow, SpanRow } from "../src/index.ts";
import { ArrivalLog } from "../src/maintenance/arrivals.ts";
import { queryNow } from "../src/maintenance/settle-queries.ts";
import { SharedServices } from "../src/maintenance/shared-services.ts";
import { queryTouchedTraces } from "../src/maintenance/touched-traces.ts";
import { callRow, spanRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(() => test.stop());

const START = 1_780_000_000_000_000_000n;
const HOUR_UNIX = 1_779_998_400;

/** A call that has all its attribution, alone in its service and trace. */
function call(trace: string, changes: Partial<CallRow> = {}): CallRow {
  return callRow({
    traceId: Buffer.from(trace.repeat(16), "hex"),
    spanId: Buffer.from(trace.repeat(8), "hex"),
    hourUnix: HOUR_UNIX,
    startTimeUnixNano: START,
    task: "answer",
    taskId: "1",
    service: `service of ${trace}`,
    ...changes,
  });
}

function span(trace: string, id: string, attributes: SpanRow["attributes"] = []): SpanRow {
  return spanRow({ traceId: trace.repeat(16), spanId: id.repeat(8), startTimeUnixNano: START, attributes });
}

/** Knows all that is stored so far, so that what comes after it is new. */
async function startLog(): Promise<ArrivalLog> {
  const { client } = test.store;
  const log = new ArrivalLog(client, 0);
  log.done(await log.next(await queryNow(client)));
  return log;
}

/** The traces that are looked at, by two of their digits, those of one repeated call in brackets, and how many are those of lone calls. */
async function touched(log: ArrivalLog, skipsSilent: boolean): Promise<string[]> {
  const { client } = test.store;
  const arrivals = await log.next(await queryNow(client));
  const services = new SharedServices(client);
  const { traces, lone } = await queryTouchedTraces(client, {
    keys: ATTRIBUTION_KEYS,
    arrivals,
    skipsSilent,
    services,
  });
  const names = [...traces].map(([trace, { kind }]) =>
    kind === "whole" ? trace.slice(0, 2) : `(${trace.slice(0, 2)})`,
  );
  return [...names.toSorted(), `${lone} alone`];
}

describe("traces that are settled", () => {
  it("are those in which settlement could change something", async () => {
    const log = await startLog();
    await test.ingest([
      // Says everything itself.
      call("a0"),
      // Lacks a task, which nobody has; which a span without attribution does not have; which a parent has.
      call("b0", { task: "", taskId: "" }),
      call("b1", { task: "", taskId: "" }),
      call("b2", { tenantId: "" }),
      // Several in one trace, of several producers in one service, and the same one twice.
      call("c0"),
      call("c0", { spanId: Buffer.from("c1".repeat(8), "hex") }),
      call("d0", { service: "shared" }),
      call("d1", { service: "shared", scopeName: "other" }),
      call("e0"),
      call("e1"),
    ]);
    // The second one came with another tenant, which is another place.
    await test.ingest([call("e0", { durationNano: 7n }), call("e1", { tenantId: "other" })]);
    await test.store.insert({
      calls: [],
      spans: [
        span("b0", "b0", [["tenant_id", "acme"]]),
        span("b1", "b1", [["tenant_id", "acme"]]),
        span("b1", "11", [["http.route", "/"]]),
        span("b2", "22", [["tenant_id", "acme"]]),
        // No call at all, and no trace id.
        span("f0", "f0", [["tenant_id", "acme"]]),
        spanRow({
          traceId: "not hexadecimal digits, and longer than any id is",
          spanId: "f1",
          startTimeUnixNano: START,
        }),
      ],
    });
    expect(await touched(log, false)).toEqual(["(e0)", "b0", "b1", "b2", "c0", "d0", "d1", "e1", "3 alone"]);
    expect(await touched(log, true)).toEqual(["(e0)", "b2", "c0", "d0", "d1", "e1", "1 alone"]);
  });

  it("are found by what came, though the call came before", async () => {
    await test.ingest([call("90", { task: "", taskId: "" }), call("91")]);
    const log = await startLog();
    expect(await touched(log, false)).toEqual(["0 alone"]);
    await test.store.insert({ calls: [], spans: [span("90", "99", [["spancost.task", "answer"]]), span("91", "98")] });
    for (const skipsSilent of [true, false]) expect(await touched(log, skipsSilent)).toEqual(["90", "1 alone"]);
  });

  it("are found among thousands", async () => {
    const log = await startLog();
    const many = Array.from({ length: 3_000 }, (_, index) => {
      const id = index.toString(16).padStart(32, "5");
      return call("50", { traceId: Buffer.from(id, "hex"), spanId: Buffer.from(id.slice(16), "hex") });
    });
    await test.ingest([...many, call("40", { feature: "" })]);
    expect(await touched(log, false)).toEqual(["40", "1 alone"]);
  });

  it("include what was settled, which may have to be settled otherwise", async () => {
    const log = await startLog();
    await test.ingest([call("70"), call("71"), call("72")]);
    const settle = (trace: string, change: string) =>
      test.store.client.command({
        query: `INSERT INTO spancost.llm_calls SELECT * REPLACE (1 AS version, ${change}) FROM spancost.llm_calls WHERE trace_id = unhex('${trace.repeat(16)}')`,
      });
    await settle("70", "'other' AS feature");
    await settle("71", "'a:b' AS duplicate_of, 'same-response' AS settle_reason");
    await test.store.client.command({ query: "OPTIMIZE TABLE spancost.llm_calls FINAL" });
    expect(await touched(log, true)).toEqual(["70", "71", "0 alone"]);
  });
});
