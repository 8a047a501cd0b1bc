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
    await waitForResources(spans);
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

/** Attributes of the resource that are still being detected would be missing from the first batches. */
async function waitForResources(spans: readonly FinishedSpan[]): Promise<void> {
  let seen: unknown;
  for (const { resource } of spans) {
    // Nearly always the spans of one provider, which share one resource.
    if (resource === seen) continue;
    seen = resource;
    if (resource.asyncAttributesPending === true) await resource.waitForAsyncAttributes?.();
  }
}
