import type { Ingest, RequestCounts } from "@spancost/collector";
import type { MaintenanceLoop } from "../maintenance-loop.ts";
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";

/** What is measured. */
export interface MetricsSources {
  readonly ingest: Ingest;
  readonly requests: RequestCounts;
  readonly maintenance: MaintenanceLoop;
}

/** The metrics page, in Prometheus' text format; figures are taken when it is asked for. */
export function createMetrics({ ingest, requests, maintenance }: MetricsSources): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  counter("spancost_spans_accepted_total", "Spans acknowledged: durable in the database.", () => [
    [{}, ingest.counters.spansAccepted],
  ]);
  counter("spancost_calls_accepted_total", "Of them, spans that are LLM calls. Redeliveries count again.", () => [
    [{}, ingest.counters.callsAccepted],
  ]);
  counter(
    "spancost_spans_rejected_total",
    "Spans that can never be accepted, by reason.",
    () => labelled("reason", ingest.counters.spansRejected),
    ["reason"],
  );
  counter(
    "spancost_requests_refused_total",
    "Requests refused for now, by reason; their senders send them again.",
    () => labelled("reason", ingest.counters.requestsRefused),
    ["reason"],
  );
  counter("spancost_otlp_requests_total", "OTLP requests by HTTP status.", () => labelled("status", requests), [
    "status",
  ]);
  counter("spancost_calls_settled_total", "Calls that settlement gave a new version.", () => [
    [{}, maintenance.counters.settledCalls],
  ]);
  counter(
    "spancost_spans_conflicting_total",
    "Spans that came again with contents that put them elsewhere; one row counts.",
    () => [[{}, maintenance.counters.conflictingSpans]],
  );
  counter("spancost_maintenance_failures_total", "Runs of maintenance that failed and were tried again.", () => [
    [{}, maintenance.counters.failedRuns],
  ]);
  new Gauge({
    name: "spancost_spans_waiting",
    help: "Spans received and not yet durable.",
    registers: [registry],
    collect() {
      this.set(ingest.waitingSpans);
    },
  });
  return () => registry.metrics();

  function counter(
    name: string,
    help: string,
    read: () => (readonly [labels: Record<string, string>, value: number])[],
    labelNames: string[] = [],
  ): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }
}

function labelled(name: string, counts: ReadonlyMap<string, number>): (readonly [Record<string, string>, number])[] {
  return [...counts].map(([label, count]) => [{ [name]: label }, count] as const);
}
