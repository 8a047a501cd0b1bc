import type { FinishedSpan, SpanExporter } from "../sdk-span.ts";

/** `ExportResultCode.SUCCESS` of every OpenTelemetry JS SDK. */
const SUCCESS = 0;

/** Hands spans to an exporter once; gives the error when it failed, threw, or took longer than the time. Never rejects. */
export async function exportBatch(
  exporter: SpanExporter,
  spans: readonly FinishedSpan[],
  timeoutMs: number,
): Promise<Error | undefined> {
  try {
    await waitForResources(spans, timeoutMs);
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(new Error(`no result within ${timeoutMs} ms`)), timeoutMs).unref();
      exporter.export(spans as never[], ({ code, error }) => {
        clearTimeout(timer);
        resolve(code === SUCCESS ? undefined : (error ?? new Error(`export ended with code ${code}`)));
      });
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Resources whose attributes did not come in time: nothing waits for them again. */
const givenUp = new WeakSet<object>();

/** Attributes of the resource that are still being detected would be missing from the first batches. */
async function waitForResources(spans: readonly FinishedSpan[], timeoutMs: number): Promise<void> {
  let seen: unknown;
  for (const { resource } of spans) {
    // Nearly always the spans of one provider, which share one resource.
    if (resource === seen) continue;
    seen = resource;
    if (resource.asyncAttributesPending === true && !givenUp.has(resource)) await waitForResource(resource, timeoutMs);
  }
}

async function waitForResource(resource: FinishedSpan["resource"], timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => resolve(void givenUp.add(resource)), timeoutMs).unref();
  });
  try {
    await Promise.race([resource.waitForAsyncAttributes?.(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
