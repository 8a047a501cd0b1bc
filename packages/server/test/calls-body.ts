/** An export request in OTLP/JSON with a plain call a number; the same number is the same call, and 0 one whose span id is bad. */
export function callsBody(...ids: number[]): string {
  const start = String(BigInt(Date.now()) * 1_000_000n);
  const attributes = Object.entries({
    tenant_id: "acme",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5-mini",
  }).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const spans = ids.map((id) => ({
    traceId: `${id}`.padStart(32, "a"),
    spanId: id === 0 ? "" : `${id}`.padStart(16, "b"),
    name: "chat",
    startTimeUnixNano: start,
    endTimeUnixNano: start,
    attributes,
  }));
  const scope = { name: "@opentelemetry/instrumentation-openai" };
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope, spans }] }] });
}
