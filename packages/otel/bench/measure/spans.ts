import { type Attributes, SpanKind, type Tracer } from "@opentelemetry/api";

/** As `@spancost/instrumentation` starts the span of a call, and what it adds when the response was read: 17 attributes. */
const REQUEST = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o-mini",
  "gen_ai.request.stream": true,
  "server.address": "api.openai.com",
  "server.port": 443,
  "spancost.attempt": 0,
};
const OUTCOME = {
  "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
  "gen_ai.response.id": "chatcmpl-CdEfGhIjKlMnOpQrStUvWxYz01234",
  "gen_ai.response.finish_reasons": ["stop"],
  "spancost.service_tier": "default",
  "gen_ai.usage.input_tokens": 1_000,
  "gen_ai.usage.output_tokens": 500,
  "gen_ai.usage.cache_read.input_tokens": 0,
  "gen_ai.usage.cache_write.input_tokens": 0,
  "gen_ai.usage.reasoning.output_tokens": 0,
  "spancost.inference_region": "us",
};

/** As `@opentelemetry/instrumentation-http` does for a server, with the current conventions: 10 attributes. */
const HTTP_REQUEST = {
  "http.request.method": "POST",
  "server.address": "api.acme.example",
  "server.port": 443,
  "url.scheme": "https",
  "url.path": "/v1/answers",
  "network.protocol.version": "1.1",
  "client.address": "203.0.113.7",
  "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};
const HTTP_ROUTE: Attributes = { "http.route": "/v1/answers", "http.response.status_code": 200 };

/** One LLM call. The attributes are copied as an instrumentation makes them anew for each span. */
export function recordLlmSpan(tracer: Tracer): void {
  const span = tracer.startSpan("chat gpt-4o-mini", { kind: SpanKind.CLIENT, attributes: { ...REQUEST } });
  span.setAttributes({ ...OUTCOME });
  span.end();
}

/** One request to the app. */
export function recordHttpSpan(tracer: Tracer): void {
  const span = tracer.startSpan("POST /v1/answers", { kind: SpanKind.SERVER, attributes: { ...HTTP_REQUEST } });
  span.setAttributes(HTTP_ROUTE);
  span.end();
}

/** As `@opentelemetry/instrumentation-pg` does for a query: 8 attributes. */
const QUERY = {
  "db.system.name": "postgresql",
  "db.namespace": "answers",
  "db.query.text": "SELECT id, title FROM answers WHERE tenant = $1 ORDER BY id LIMIT 20",
  "db.operation.name": "SELECT",
  "db.collection.name": "answers",
  "server.address": "db.acme.example",
  "server.port": 5432,
  "network.transport": "tcp",
};

/** One query of the app. */
export function recordQuerySpan(tracer: Tracer): void {
  tracer.startSpan("SELECT answers", { kind: SpanKind.CLIENT, attributes: { ...QUERY } }).end();
}

/** One span that the app makes itself. */
export function recordOwnSpan(tracer: Tracer): void {
  const span = tracer.startSpan("rank answers");
  span.setAttribute("app.answers", 20);
  span.setAttribute("app.ranking", "bm25");
  span.end();
}
