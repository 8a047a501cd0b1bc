import { randomBytes } from "node:crypto";
import type { JsonAttribute, JsonRequest, JsonSpan, JsonValue } from "./encode-otlp.ts";

/** Producers whose spans are made. */
export type Producer = "spancost" | "openllmetry" | "openinference" | "http";

const SCOPES: Readonly<Record<Producer, { readonly name: string; readonly version: string }>> = {
  spancost: { name: "@spancost/instrumentation-openai", version: "0.1.0" },
  openllmetry: { name: "@traceloop/instrumentation-openai", version: "0.27.0" },
  openinference: { name: "@arizeai/openinference-instrumentation-openai", version: "4.0.1" },
  http: { name: "@opentelemetry/instrumentation-http", version: "0.223.0" },
};
const MODELS = ["gpt-5-mini-2025-08-07", "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "gpt-5-2025-08-07"];
const NANOS_PER_MS = 1_000_000n;

/** A batch of spans of one service, each with 25 attributes and its own ids, tenants, users and figures. */
export function createBatch(producer: Producer, spans: number, startUnixMs: number): JsonRequest {
  const resource = attributes({
    "service.name": "shop",
    "service.version": "1.2.3",
    "deployment.environment.name": "production",
    "telemetry.sdk.language": "nodejs",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "2.12.0",
    "host.name": "ip-10-0-12-34",
    "process.pid": 4242,
  });
  const all = Array.from({ length: spans }, (_, index) => createSpan(producer, index, startUnixMs));
  return {
    resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope: SCOPES[producer], spans: all }] }],
  };
}

function createSpan(producer: Producer, index: number, startUnixMs: number): JsonSpan {
  const start = BigInt(startUnixMs + index) * NANOS_PER_MS + BigInt(index * 1_037);
  const model = MODELS[index % MODELS.length] ?? "";
  return {
    traceId: hex(16),
    spanId: hex(8),
    parentSpanId: hex(8),
    name: producer === "http" ? "GET /orders/:id" : `chat ${model}`,
    kind: 3,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 1_234_567_891n),
    attributes: attributes({ ...ATTRIBUTES[producer](index, model), ...commonAttributes(index) }),
    status: {},
  };
}

function commonAttributes(index: number): Record<string, unknown> {
  return {
    tenant_id: `tenant-${index % 50}`,
    user_id: `user-${hex(4)}`,
    feature: ["chat", "search", "summary"][index % 3],
    "server.address": "api.openai.com",
    "server.port": 443,
  };
}

const ATTRIBUTES: Readonly<Record<Producer, (index: number, model: string) => Record<string, unknown>>> = {
  spancost: (index, model) => ({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": model.slice(0, -11),
    "gen_ai.response.model": model,
    "gen_ai.response.id": `chatcmpl-${hex(12)}`,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.request.stream": true,
    "gen_ai.request.max_tokens": 1024,
    "gen_ai.request.temperature": 0.7,
    "gen_ai.request.top_p": 0.95,
    "gen_ai.usage.input_tokens": 1_000 + index,
    "gen_ai.usage.output_tokens": 300 + index,
    "gen_ai.usage.cache_read.input_tokens": 512,
    "gen_ai.usage.reasoning.output_tokens": 64,
    "spancost.service_tier": "default",
    "spancost.task": "answer-ticket",
    "spancost.task.id": hex(8),
    "spancost.attempt": 0,
    "gen_ai.conversation.id": `conv-${hex(6)}`,
    "http.response.status_code": 200,
  }),
  openllmetry: (index, model) => ({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": model.slice(0, -11),
    "gen_ai.response.model": model,
    "gen_ai.response.id": `chatcmpl-${hex(12)}`,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.is_streaming": false,
    "gen_ai.request.max_tokens": 1024,
    "gen_ai.request.temperature": 0.7,
    "gen_ai.request.top_p": 0.95,
    "gen_ai.usage.input_tokens": 1_000 + index,
    "gen_ai.usage.output_tokens": 300 + index,
    "gen_ai.usage.total_tokens": 1_300 + 2 * index,
    "gen_ai.openai.system_fingerprint": "fp_44709d6fcb",
    "traceloop.workflow.name": "answer",
    "traceloop.entity.name": "generate",
    "traceloop.association.properties.session_id": `conv-${hex(6)}`,
    "gen_ai.request.frequency_penalty": 0.5,
    "gen_ai.request.presence_penalty": 0.5,
    "llm.request.type": "chat",
  }),
  openinference: (index, model) => ({
    "openinference.span.kind": "LLM",
    "llm.provider": "openai",
    "llm.system": "openai",
    "llm.model_name": model,
    "llm.token_count.prompt": 1_000 + index,
    "llm.token_count.completion": 300 + index,
    "llm.token_count.total": 1_300 + 2 * index,
    "llm.token_count.prompt_details.cache_read": 512,
    "llm.token_count.completion_details.reasoning": 64,
    "llm.invocation_parameters": '{"model":"gpt-4o","temperature":0.7,"max_tokens":1024,"stream":false}',
    "session.id": `conv-${hex(6)}`,
    "input.mime_type": "application/json",
    "output.mime_type": "application/json",
    "llm.finish_reason": "stop",
    "tag.tags": ["production", "chat"],
    "graph.node.id": "answer",
    "graph.node.parent_id": "root",
    "agent.name": "support",
    "app.version": "2026.11.1",
    "app.region": "eu-central-1",
  }),
  http: (index) => ({
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "http.route": "/orders/:id",
    "url.full": `https://shop.example/orders/${index}?page=1`,
    "url.path": `/orders/${index}`,
    "url.query": "page=1",
    "url.scheme": "https",
    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "network.peer.address": "10.0.12.34",
    "network.peer.port": 51_234,
    "network.protocol.version": "1.1",
    "client.address": "203.0.113.7",
    "http.request.body.size": 0,
    "http.response.body.size": 5_120,
    "thread.id": 1,
    "code.function.name": "getOrder",
    "app.cache.hit": true,
    "app.db.rows": 25,
    "app.version": "2026.11.1",
    "app.region": "eu-central-1",
  }),
};

function attributes(values: Readonly<Record<string, unknown>>): JsonAttribute[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: toValue(value) }));
}

function toValue(value: unknown): JsonValue {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toValue) } };
  return { stringValue: String(value) };
}

function hex(sizeBytes: number): string {
  return randomBytes(sizeBytes).toString("hex");
}
