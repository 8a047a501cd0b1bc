import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { SPANCOST } from "@spancost/core";
import { withAttribution } from "../attribution.ts";
import { getAppTracer } from "./tracer.ts";
import { whenSettled } from "./when-settled.ts";

/** Options of `task`. */
export interface TaskOptions {
  /** Which run of the operation this is. @default a random UUID */
  readonly id?: string | undefined;
}

/**
 * Runs `fn` as one operation that a user triggered, such as "answer a ticket": one span, and every LLM call and recorded cost within
 * carries its name and id, also across services. Returns what `fn` returns; what it throws is thrown. Tasks nest; the innermost counts.
 */
export function task<T>(name: string, fn: () => T, options: TaskOptions = {}): T {
  const taskId = options.id ?? globalThis.crypto.randomUUID();
  const attributes = { [SPANCOST.task]: name, [SPANCOST.taskId]: taskId };
  return withAttribution({ task: name, taskId }, () =>
    getAppTracer().startActiveSpan(`task ${name}`, { kind: SpanKind.INTERNAL, attributes }, (span) => {
      const fail = (error: unknown) => {
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.recordException(error instanceof Error ? error : String(error));
        span.end();
      };
      let result: T;
      try {
        result = fn();
      } catch (error) {
        fail(error);
        throw error;
      }
      whenSettled(result, { onSuccess: () => span.end(), onFailure: fail });
      return result;
    }),
  );
}
