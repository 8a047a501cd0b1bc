import type { EmbeddedEngine } from "@spancost/clickhouse";
import type { RequestCounts } from "@spancost/collector";
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { MaintenanceLoop } from "../maintenance-loop.ts";
import type { Intake } from "../start-intake.ts";

/** What is measured. */
export interface MetricsSources {
  readonly intake: Intake;
  readonly counts: { readonly http: RequestCounts; readonly grpc: RequestCounts };
  readonly maintenance: MaintenanceLoop;
  /** `null` where the database is a server of its own. */
  readonly engine: EmbeddedEngine | null;
}

type Sample = readonly [labels: Record<string, string>, value: number];

const MS_PER_SECOND = 1_000;

/** The metrics page, in Prometheus' text format; figures are taken when it is asked for. */
export function createMetrics({ intake, counts, maintenance, engine }: MetricsSources): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { ingest, spool, inserter } = intake;
  const done = maintenance.counters;

  total("spans_accepted", "Spans acknowledged: durable in the spool.", () => ingest.counters.spansAccepted);
  total(
    "calls_accepted",
    "Of them, spans that are LLM calls. Redeliveries count again.",
    () => ingest.counters.callsAccepted,
  );
  total(
    "spans_not_kept",
    "Spans accepted that are older than raw spans are kept: their calls count, they are not stored.",
    () => ingest.counters.spansNotKept,
  );
  totals(
    "calls_recurring",
    "Calls that came again, of those remembered: duplicate, or conflicting in contents.",
    "kind",
    () => Object.entries(ingest.recentCalls.counts),
  );
  totals(
    "spans_rejected",
    "Spans that can never be accepted, by reason.",
    "reason",
    () => ingest.counters.spansRejected,
  );
  totals(
    "requests_refused",
    "Requests refused for now, by reason; their senders send them again.",
    "reason",
    () => ingest.counters.requestsRefused,
  );
  totals("otlp_requests", "OTLP/HTTP requests by HTTP status.", "status", () => counts.http);
  totals("otlp_grpc_requests", "OTLP/gRPC requests by gRPC status.", "status", () => counts.grpc);
  gauge("spans_waiting", "Spans received and not yet durable.", () => ingest.waitingSpans);

  gauge("spool_rows", "Rows acknowledged that are not in the database yet.", () => spool.waitingRows);
  gauge("spool_segments", "Segments acknowledged that are not in the database yet.", () => spool.waitingSegments);
  gauge("spool_bytes", "Disk that the spool takes.", () => spool.usedBytes);
  gauge(
    "spool_max_bytes",
    "Disk that the spool may take; beyond it, requests are refused for now.",
    () => spool.maxBytes,
  );
  gauge("spool_oldest_seconds", "Age of the oldest row that is acknowledged and not in the database.", () =>
    spool.oldestUnixMs === null ? 0 : Math.max(Date.now() - spool.oldestUnixMs, 0) / MS_PER_SECOND,
  );
  gauge(
    "spool_refused_segments",
    "Segments that could not be inserted and were set aside, with rows that were acknowledged. Must be 0.",
    () => spool.refusedSegments,
  );
  total("rows_inserted", "Rows that went from the spool into the database.", () => inserter.counters.insertedRows);
  totals(
    "insert_failures",
    "Inserts that failed, by reason; they are tried again.",
    "reason",
    () => inserter.counters.failures,
  );

  total("calls_settled", "Calls that settlement gave a new version.", () => done.settledCalls);
  total(
    "spans_conflicting",
    "Spans that came again with contents that put them elsewhere; one row counts.",
    () => done.conflictingSpans,
  );
  total("hours_sealed", "Hours of tenants that were added up into the roll-up.", () => done.sealedHours);
  gauge("hours_pending", "Hours of tenants that are read from the ledger, when last counted.", () => done.pendingHours);
  totals("rows_dropped", "Rows that were older than their retention.", "what", () => Object.entries(done.droppedRows));
  total("maintenance_failures", "Runs of maintenance that failed and were tried again.", () => done.failedRuns);
  gauge(
    "maintenance_last_success_seconds",
    "Time since a run of maintenance last succeeded.",
    () => maintenance.lastSuccessAgeMs / MS_PER_SECOND,
  );
  gauge("maintenance_lease", "1 where this server is the one that runs maintenance.", () =>
    maintenance.isLeaseHeld ? 1 : 0,
  );
  totals("engine_restarts", "How often the embedded database was started again, by reason.", "reason", () =>
    Object.entries(engine?.restarts ?? {}),
  );
  return () => registry.metrics();

  function total(name: string, help: string, read: () => number): void {
    counter(name, help, [], () => [[{}, read()]]);
  }

  function totals(name: string, help: string, label: string, read: () => Iterable<readonly [string, number]>): void {
    counter(name, help, [label], () => [...read()].map(([value, count]) => [{ [label]: value }, count] as const));
  }

  function counter(name: string, help: string, labelNames: string[], read: () => readonly Sample[]): void {
    new Counter({
      name: `spancost_${name}_total`,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `spancost_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
}
