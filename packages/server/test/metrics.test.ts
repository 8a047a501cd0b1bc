import { afterAll, beforeAll, expect, it } from "vitest";
import { callsBody } from "./calls-body.ts";
import { startTestServer, type TestServer } from "./running-server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

it("what becomes of spans is counted from the request to the database, by reason", async () => {
  const body = callsBody(1, 2, 0);
  for (let delivery = 0; delivery < 2; delivery += 1) await server.post(body, "application/json");
  expect(await server.sql("SELECT count() AS n FROM calls")).toEqual([{ n: "2" }]);
  const lines = (await (await fetch(`${server.server.urls.api}/metrics`)).text()).split("\n");
  const expected = [
    "spancost_spans_accepted_total 4",
    "spancost_calls_accepted_total 4",
    'spancost_calls_recurring_total{kind="duplicate"} 2',
    'spancost_calls_recurring_total{kind="conflicting"} 0',
    'spancost_spans_rejected_total{reason="bad-span-id"} 2',
    "spancost_spans_not_kept_total 0",
    'spancost_otlp_requests_total{status="200"} 2',
    "spancost_spans_waiting 0",
    "spancost_spool_rows 0",
    "spancost_spool_segments 0",
    "spancost_spool_bytes 0",
    "spancost_spool_oldest_seconds 0",
    "spancost_spool_refused_segments 0",
    "spancost_rows_inserted_total 8",
    "spancost_maintenance_lease 1",
    'spancost_engine_restarts_total{reason="died"} 0',
  ];
  expect(expected.filter((line) => !lines.includes(line))).toEqual([]);
});
