import { SpanStatusCode, trace } from "@opentelemetry/api";
import { withAttribution } from "@spancost/otel";

import { CALL_KINDS } from "./call-kinds.ts";
import { DemoError } from "./demo-error.ts";
import { type PlannedCall, planCalls } from "./plan-calls.ts";
import { createProviderClients, type ProviderClients } from "./provider-clients.ts";

/** How to drive the demo tenants. */
export interface DriveOptions {
  /** Where the providers are, as `Simulator.url` has it. */
  readonly simulatorUrl: string;
  /**
   * Calls under way at a time, of all tenants together.
   * @default 8
   */
  readonly concurrency?: number;
  /**
   * The calls to make.
   * @default the demo's own
   */
  readonly calls?: readonly PlannedCall[];
  /** Starts no further calls once aborted. */
  readonly signal?: AbortSignal;
  /** Told after each call. */
  readonly onCall?: (call: PlannedCall, done: number, total: number) => void;
}

const DEFAULT_CONCURRENCY = 8;

/**
 * Makes all calls through the real SDKs, tenants mixed and partly at once, each inside its own request span and attribution.
 * @throws DemoError `call-failed` for the first call that fails.
 */
export async function driveTenants(options: DriveOptions): Promise<void> {
  const clients = createProviderClients(options.simulatorUrl);
  const calls = mixTenants(options.calls ?? planCalls());
  const queue = calls.values();
  let done = 0;
  const work = async (): Promise<void> => {
    for (const call of queue) {
      if (options.signal?.aborted) return;
      await makeAttributedCall(clients, call);
      done += 1;
      options.onCall?.(call, done, calls.length);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? DEFAULT_CONCURRENCY }, work));
}

/** Takes one call of each tenant in turn, so that calls of different tenants are under way together. */
function mixTenants(calls: readonly PlannedCall[]): readonly PlannedCall[] {
  const tenantIds = [...new Set(calls.map((call) => call.tenantId))];
  const byTenant = tenantIds.map((tenantId) => calls.filter((call) => call.tenantId === tenantId));
  const longest = Math.max(0, ...byTenant.map((own) => own.length));
  return Array.from({ length: longest }, (_, place) => byTenant.flatMap((own) => own.slice(place, place + 1))).flat();
}

/** What the app's own request handler would do: attribute, open a span, call. */
function makeAttributedCall(clients: ProviderClients, call: PlannedCall): Promise<void> {
  const { tenantId, userId, feature } = call;
  return withAttribution({ tenantId, userId, feature }, () =>
    trace.getTracer("spancost-demo").startActiveSpan(`POST /${feature}`, async (span) => {
      try {
        await CALL_KINDS[call.kind](clients, call.prompt);
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw new DemoError("call-failed", `The call "${call.kind}" of tenant ${tenantId} failed: ${String(error)}`, {
          cause: error,
        });
      } finally {
        span.end();
      }
    }),
  );
}
