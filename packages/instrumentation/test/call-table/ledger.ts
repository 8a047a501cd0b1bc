import { DiagLogLevel, context, diag, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, type ReadableSpan, TracerProvider } from "@opentelemetry/sdk-trace";
import { AttributionSpanProcessor, type AttributionInput, withAttribution } from "../../../otel/src/index.ts";
import { startTestServer } from "../../../server/test/running-server.ts";

/** A call as the public view has it. */
export interface LedgerCall {
  readonly attempt: number;
  readonly cost_status: string;
  readonly status: string;
  readonly streamed: boolean;
  readonly cost: string | null;
  readonly input_tokens: string | null;
  readonly cache_read_tokens: string | null;
  readonly cache_write_tokens: string | null;
  readonly output_tokens: string | null;
  readonly reasoning_tokens: string | null;
  readonly tenant_id: string;
  readonly user_id: string;
  readonly feature: string;
  readonly model_requested: string;
  readonly response_id: string;
}

const COLUMNS = `attempt, cost_status, status, streamed, cost, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
  reasoning_tokens, tenant_id, user_id, feature, model_requested, response_id`;
const WAIT_LIMIT_MS = 5_000;
const POLL_MS = 5;

/**
 * An app's OpenTelemetry and the ledger behind it: spans with attribution go through a stock exporter over OTLP/HTTP into a
 * running server with the embedded database.
 */
export async function startLedger() {
  const server = await startTestServer();
  const ended: ReadableSpan[] = [];
  const complaints: string[] = [];
  const logComplaint = (...message: readonly unknown[]): void => void complaints.push(message.map(String).join(" "));
  const ignore = (): void => {};
  const logger = { error: logComplaint, warn: logComplaint, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const tracerProvider = new TracerProvider({
    spanProcessors: [
      new AttributionSpanProcessor(),
      { onStart: ignore, onEnd: (span) => void ended.push(span), forceFlush: async () => {}, shutdown: async () => {} },
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${server.server.urls.otlp}/v1/traces` }) }),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const tracer = tracerProvider.getTracer("app");

  return {
    tracerProvider,
    /** Spans of LLM calls that have ended so far. */
    callSpans: () => ended.filter(({ attributes }) => "gen_ai.operation.name" in attributes),
    /** Warnings and errors of the instrumentation so far. */
    complaints: () => [...complaints],
    sql: <Row>(statement: string): Promise<Row[]> => server.sql<Row>(statement),
    /** Runs a request of the app: a span of its own, for a tenant and user; gives its trace id as well. */
    async handleRequest<T>(
      attribution: AttributionInput,
      handle: () => Promise<T>,
    ): Promise<{ traceId: string; value: T }> {
      const span = tracer.startSpan("request");
      try {
        const active = trace.setSpan(context.active(), span);
        const value = await context.with(active, () => withAttribution(attribution, handle));
        return { traceId: span.spanContext().traceId, value };
      } finally {
        span.end();
      }
    },
    /** The calls of a trace, once `count` of its call spans have ended, or late; in the order of their start. */
    async callsOf(traceId: string, count: number, hurry: () => void): Promise<LedgerCall[]> {
      const deadline = Date.now() + WAIT_LIMIT_MS;
      while (countCalls(ended, traceId) < count && Date.now() < deadline) {
        hurry();
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      await tracerProvider.forceFlush();
      // Starts are in milliseconds, and a retry can follow within one.
      return server.sql<LedgerCall>(
        `SELECT ${COLUMNS} FROM calls WHERE trace_id = '${traceId}' ORDER BY started_at, attempt`,
      );
    },
    async stop() {
      await tracerProvider.shutdown();
      diag.disable();
      context.disable();
      await server.stop();
    },
  };
}

export type Ledger = Awaited<ReturnType<typeof startLedger>>;

function countCalls(spans: readonly ReadableSpan[], traceId: string): number {
  return spans.filter((span) => span.spanContext().traceId === traceId && "gen_ai.operation.name" in span.attributes)
    .length;
}
