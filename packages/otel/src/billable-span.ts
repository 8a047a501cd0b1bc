import { SpanKind } from "@opentelemetry/api";
import type { GEN_AI } from "@spancost/core";

/** What the names of the attributes begin with in which the known LLM producers report usage, and other costs are recorded. */
const PREFIXES = [
  "gen_ai.",
  "llm.",
  "ai.",
  "anthropic.",
  "langfuse.",
  "langsmith.",
  "genkit:",
  "openinference.",
  "spancost.cost.",
] as const;
/** The same by the code of their first letter: a span's other names are passed over after looking at one letter. */
const PREFIXES_BY_INITIAL = groupByInitial(PREFIXES);

/** What of a span says whether it may be billable. */
interface Classified {
  /** As the API's `SpanKind`. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly instrumentationScope?: { readonly name: string };
}

/**
 * Official instrumentations that make most spans of most apps, and none of an LLM call. What they make is passed over after one look,
 * unless it names a GenAI operation all the same.
 */
const PLAIN_SCOPES: ReadonlySet<string> = new Set(
  [
    "amqplib",
    "cassandra-driver",
    "connect",
    "dns",
    "express",
    "fastify",
    "fs",
    "generic-pool",
    "graphql",
    "grpc",
    "hapi",
    "http",
    "ioredis",
    "kafkajs",
    "knex",
    "koa",
    "memcached",
    "mongodb",
    "mongoose",
    "mysql",
    "mysql2",
    "nestjs-core",
    "net",
    "oracledb",
    "pg",
    "redis",
    "redis-4",
    "restify",
    "router",
    "runtime-node",
    "socket.io",
    "tedious",
    "undici",
    "winston",
  ].map((name) => `@opentelemetry/instrumentation-${name}`),
);

const SERVER: number = SpanKind.SERVER;
const CONSUMER: number = SpanKind.CONSUMER;

/** Whether a span serves somebody else's request, as an LLM call does not, or comes from an instrumentation of other things. */
function isPlain({ kind, instrumentationScope }: Classified): boolean {
  if (kind === SERVER || kind === CONSUMER) return true;
  return instrumentationScope !== undefined && PLAIN_SCOPES.has(instrumentationScope.name);
}

/** Whether an unlikely span says itself that it is an LLM call. Names written out: this runs for most spans of an app. */
function saysSo({ attributes }: Classified): boolean {
  return (
    attributes["gen_ai.operation.name" satisfies typeof GEN_AI.operationName] !== undefined ||
    attributes["gen_ai.request.model" satisfies typeof GEN_AI.requestModel] !== undefined
  );
}

/** Says whether a span that starts may become billable. */
export function mayBecomeBillable(span: Classified): boolean {
  return !isPlain(span) || saysSo(span);
}

/** Says whether a span that ended is an LLM call or a recorded cost. */
export function isBillable(span: Classified): boolean {
  return isPlain(span) ? saysSo(span) : hasLlmAttribute(span.attributes);
}

/** Says whether a span may be an LLM call with usage, cheaply: most spans of an app are not, and end here. */
export function hasLlmAttribute(attributes: Readonly<Record<string, unknown>>): boolean {
  for (const name in attributes) {
    const prefixes = PREFIXES_BY_INITIAL[name.charCodeAt(0)];
    if (prefixes === undefined) continue;
    for (const prefix of prefixes) if (name.startsWith(prefix)) return true;
  }
  return false;
}

function groupByInitial(prefixes: readonly string[]): readonly (readonly string[] | undefined)[] {
  const groups: (string[] | undefined)[] = Array.from({ length: 128 });
  for (const prefix of prefixes) {
    const initial = prefix.charCodeAt(0);
    groups[initial] = [...(groups[initial] ?? []), prefix];
  }
  return groups;
}
