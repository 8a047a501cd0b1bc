import { context, trace } from "@opentelemetry/api";
import { withAttribution } from "../../../otel/src/index.ts";

/** Calls once plain and once streamed, for a tenant each. */
export async function callTwice(callPlain, callStreamed) {
  await handleRequest({ tenantId: "acme", userId: "u-17", feature: "chat" }, callPlain);
  await handleRequest({ tenantId: "globex", userId: "u-42", feature: "summary" }, callStreamed);
}

/** A request of the app has a span, as a web framework's instrumentation makes it. */
async function handleRequest(attribution, handle) {
  const span = trace.getTracer("app").startSpan("request");
  try {
    await context.with(trace.setSpan(context.active(), span), () => withAttribution(attribution, handle));
  } finally {
    span.end();
  }
}

export const MODEL = "gpt-5-mini";
export const PLAIN_PROMPT = "What does OpenTelemetry do?";
export const STREAMED_PROMPT = "Summarize the history of tracing.";

/** Reads to the end, as an app that shows the answer does. */
export async function readAll(stream) {
  for await (const _chunk of stream);
}
