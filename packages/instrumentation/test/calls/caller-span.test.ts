import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { readCallerSpanId } from "../../src/calls/caller-span.ts";
import { recordSpans } from "../scripted-provider.ts";

const tracer = recordSpans().tracerProvider.getTracer("test");
const HTTP_CLIENT = { kind: SpanKind.CLIENT, attributes: { "http.request.method": "POST" } };

describe("readCallerSpanId", () => {
  it("is the span that is active", () => {
    const caller = tracer.startSpan("agent");
    expect(readCallerSpanId(caller)).toBe(caller.spanContext().spanId);
    expect(readCallerSpanId(undefined)).toBe("");
  });

  it("is the parent of the span that an HTTP instrumentation opens for each attempt", () => {
    const caller = tracer.startSpan("agent");
    const under = trace.setSpan(ROOT_CONTEXT, caller);
    const attempts = [tracer.startSpan("POST", HTTP_CLIENT, under), tracer.startSpan("POST", HTTP_CLIENT, under)];
    expect(attempts.map(readCallerSpanId)).toEqual(Array(2).fill(caller.spanContext().spanId));
    expect(readCallerSpanId(tracer.startSpan("POST", HTTP_CLIENT, ROOT_CONTEXT))).toBe("");
  });

  it("is not the parent of other client spans", () => {
    const framework = tracer.startSpan(
      "chat",
      { kind: SpanKind.CLIENT },
      trace.setSpan(ROOT_CONTEXT, tracer.startSpan("agent")),
    );
    expect(readCallerSpanId(framework)).toBe(framework.spanContext().spanId);
  });
});
