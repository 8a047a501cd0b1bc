import { costOf, type PricedModel, MODELS, type Tokens } from "./prices.ts";
import type { Random } from "./random.ts";
import { type ExpectedCall, type Happening, type SpanDraft, toSentSpan } from "./traffic.ts";

/** Whom a call is to be attributed to. */
export interface Owner {
  readonly tenantId: string;
  readonly userId: string;
  readonly feature: string;
}

/** What a producer makes spans from. */
export interface Draft {
  readonly random: Random;
  readonly traceId: string;
  readonly startUnixMs: number;
  readonly owner: Owner;
}

const HOUR_S = 3_600;
/** Below the size from which a model costs more. */
const MAX_INPUT = 150_000;
const MIN_CACHED = 100;

/** The producers' ways of writing one chat call: scope, and attributes of usage. */
const DIALECTS = {
  spancost: { scope: "@spancost/instrumentation-openai", version: "0.1.0", attributes: conventions },
  opentelemetry: { scope: "@opentelemetry/instrumentation-openai", version: "0.13.0", attributes: conventions },
  openllmetry: { scope: "@traceloop/instrumentation-openai", version: "0.27.0", attributes: conventions },
  openinference: {
    scope: "@arizeai/openinference-instrumentation-openai",
    version: "4.0.1",
    attributes: openInference,
  },
} as const;
type DialectName = keyof typeof DIALECTS;
const DIALECT_NAMES: readonly [DialectName, ...DialectName[]] = [
  "spancost",
  "spancost",
  "opentelemetry",
  "openllmetry",
  "openinference",
];

/** A call with everything on its own span. */
export function plainCall(draft: Draft): Happening {
  const { random, owner } = draft;
  const sold = random.pick(MODELS);
  const dialect = pickDialect(random, sold);
  const tokens = drawTokens(random);
  const call = toCallDraft(draft, dialect, sold, tokens, { ...ownerAttributes(owner) });
  return { spans: [toSentSpan(call)], calls: [expect(call, owner, sold, tokens, costOf(tokens, sold.prices))] };
}

/** A call that says of nobody that it is theirs, below a span that does. */
export function callBelowRoot(draft: Draft): Happening {
  const { random, owner, traceId, startUnixMs } = draft;
  const sold = random.pick(MODELS);
  const tokens = drawTokens(random);
  const root = {
    scope: "app",
    traceId,
    spanId: random.hex(8),
    name: "POST /answer",
    startUnixMs,
    durationMs: 5_000,
    attributes: { ...ownerAttributes(owner) },
  };
  const between = { ...root, spanId: random.hex(8), parentSpanId: root.spanId, name: "step", attributes: {} };
  const call = {
    ...toCallDraft(draft, pickDialect(random, sold), sold, tokens, {}),
    parentSpanId: random.pick([root.spanId, between.spanId]),
  };
  return {
    spans: [root, between, call].map(toSentSpan),
    calls: [expect(call, owner, sold, tokens, costOf(tokens, sold.prices))],
  };
}

/** One call seen by a framework and by the client below it, which alone tells of the cache. */
export function callSeenTwice(draft: Draft): Happening {
  const { random, owner } = draft;
  const sold = MODELS[0];
  const tokens = { ...drawTokens(random), cacheRead: MIN_CACHED };
  const outer = toCallDraft(
    draft,
    "openllmetry",
    sold,
    { ...tokens, cacheRead: null, reasoning: null },
    ownerAttributes(owner),
  );
  const response = { "gen_ai.response.id": `chatcmpl-${random.hex(8)}` };
  const inner = {
    ...toCallDraft(draft, "opentelemetry", sold, tokens, response),
    parentSpanId: outer.spanId,
    durationMs: outer.durationMs - 2,
  };
  return {
    spans: [{ ...outer, scope: "@traceloop/instrumentation-langchain" }, inner].map(toSentSpan),
    calls: [expect(inner, owner, sold, tokens, costOf(tokens, sold.prices))],
  };
}

/** One call seen by two tracers, each with a trace of its own. */
export function callInTwoTraces(draft: Draft): Happening {
  const { random, owner } = draft;
  const sold = MODELS[0];
  const tokens = { ...drawTokens(random), cacheRead: MIN_CACHED };
  const response = { "gen_ai.response.id": `chatcmpl-${random.hex(8)}`, ...ownerAttributes(owner) };
  const one = toCallDraft(draft, "spancost", sold, tokens, response);
  const otherTrace = `${draft.traceId.slice(0, -4)}ffff`;
  const other = {
    ...toCallDraft(
      { ...draft, traceId: otherTrace },
      "openllmetry",
      sold,
      { ...tokens, cacheRead: null, reasoning: null },
      response,
    ),
    durationMs: one.durationMs + 1,
  };
  return {
    spans: [one, other].map(toSentSpan),
    calls: [expect(one, owner, sold, tokens, costOf(tokens, sold.prices))],
  };
}

/** A span that comes once without saying whose it is, as from a sender that was set up later, and once with it: that counts. */
export function callToldDifferently(draft: Draft): Happening {
  const { random, owner } = draft;
  const sold = random.pick(MODELS);
  const tokens = drawTokens(random);
  const nobodys = toCallDraft(draft, "spancost", sold, tokens, {});
  const call = { ...nobodys, attributes: { ...nobodys.attributes, ...ownerAttributes(owner) } };
  return {
    spans: [nobodys, call].map(toSentSpan),
    calls: [expect(call, owner, sold, tokens, costOf(tokens, sold.prices))],
  };
}

/** An attempt that the provider refused, and the one that it answered. */
export function retriedCall(draft: Draft): Happening {
  const { random, owner } = draft;
  const sold = random.pick(MODELS);
  const tokens = drawTokens(random);
  const answered = toCallDraft(draft, "spancost", sold, tokens, { ...ownerAttributes(owner), "spancost.attempt": 1 });
  const refused: SpanDraft = {
    ...answered,
    spanId: random.hex(8),
    durationMs: 40,
    isError: true,
    attributes: {
      ...ownerAttributes(owner),
      ...names(sold),
      "error.type": "429",
      "http.response.status_code": 429,
      "spancost.attempt": 0,
    },
  };
  return {
    spans: [refused, answered].map(toSentSpan),
    calls: [
      { ...expect(refused, owner, sold, NO_TOKENS, null), costStatus: "not_billed" },
      expect(answered, owner, sold, tokens, costOf(tokens, sold.prices)),
    ],
  };
}

/** A call of a model that nobody has a price for. */
export function unpricedCall(draft: Draft): Happening {
  const { random, owner } = draft;
  const sold = { ...MODELS[0], model: "mystery-model-9" };
  const tokens = drawTokens(random);
  const call = toCallDraft(draft, "spancost", sold, tokens, ownerAttributes(owner));
  return {
    spans: [toSentSpan(call)],
    calls: [{ ...expect(call, owner, sold, tokens, null), costStatus: "unpriced" }],
  };
}

/** A call whose usage nobody told, of a user of its own: nothing else can be taken for it. */
export function callWithoutUsage(draft: Draft): Happening {
  const { random } = draft;
  const owner = { ...draft.owner, userId: `lone-${random.hex(6)}` };
  const sold = random.pick(MODELS);
  const call = toCallDraft(draft, "spancost", sold, NO_TOKENS, ownerAttributes(owner));
  return {
    spans: [toSentSpan(call)],
    calls: [{ ...expect(call, owner, sold, NO_TOKENS, null), costStatus: "unknown_usage" }],
  };
}

/** What a search cost, told twice under one key, in two traces and hours: it counts once, at the earlier time. */
export function costToldTwice(draft: Draft): Happening {
  const { random, owner, startUnixMs } = draft;
  const picoUsd = BigInt(random.int(1, 999_999_999));
  const one: SpanDraft = {
    scope: "@spancost/otel",
    version: "0.1.0",
    traceId: draft.traceId,
    spanId: random.hex(8),
    name: "cost",
    startUnixMs,
    durationMs: 0,
    attributes: {
      ...ownerAttributes(owner),
      "spancost.cost.kind": "pinecone",
      "spancost.cost.amount": `0.${String(picoUsd).padStart(12, "0")}`,
      "spancost.key": random.hex(8),
    },
  };
  const again = {
    ...one,
    traceId: `${draft.traceId.slice(0, -4)}ffff`,
    spanId: random.hex(8),
    startUnixMs: startUnixMs + random.int(0, 2) * 1_200_000,
  };
  const model = { provider: "pinecone", model: "" };
  return {
    spans: [one, again].map(toSentSpan),
    calls: [{ ...expect(one, owner, model, NO_TOKENS, picoUsd), key: null, costStatus: "provided" }],
  };
}

/** Spans that are no calls. */
export function request(draft: Draft): Happening {
  const { random, traceId, startUnixMs, owner } = draft;
  const span = {
    scope: "@opentelemetry/instrumentation-http",
    version: "0.223.0",
    traceId,
    spanId: random.hex(8),
    name: "GET /orders/:id",
    startUnixMs,
    durationMs: random.int(1, 500),
    attributes: { ...ownerAttributes(owner), "http.request.method": "GET", "http.response.status_code": 200 },
  };
  return { spans: [toSentSpan(span)], calls: [] };
}

/** A call of the operator's model: its cost is decided when the round ends. */
export function houseCall(draft: Draft, house: { readonly provider: string; readonly model: string }): Happening {
  const { random, owner } = draft;
  const tokens = { ...drawTokens(random), cacheRead: null, reasoning: null };
  const call = toCallDraft(draft, "spancost", house, tokens, ownerAttributes(owner));
  return { spans: [toSentSpan(call)], calls: [expect(call, owner, house, tokens, null)] };
}

const NO_TOKENS = { input: null, cacheRead: null, output: null, reasoning: null } as const;
type AnyTokens = Tokens | typeof NO_TOKENS;
type Named = Pick<PricedModel, "provider" | "model">;

function drawTokens(random: Random): Tokens {
  const input = random.int(MIN_CACHED, MAX_INPUT);
  const output = random.int(1, 20_000);
  return {
    input,
    cacheRead: random.chance(0.5) ? random.int(0, input) : null,
    output,
    reasoning: random.chance(0.3) ? random.int(0, output) : null,
  };
}

/** OpenLLMetry leaves the cache out of what Anthropic's input is: another test's matter. */
function pickDialect(random: Random, { provider }: Named): DialectName {
  const name = random.pick(DIALECT_NAMES);
  return name === "openllmetry" && provider === "anthropic" ? "spancost" : name;
}

function toCallDraft(
  { random, traceId, startUnixMs }: Draft,
  dialect: DialectName,
  model: Named,
  tokens: AnyTokens,
  more: Readonly<Record<string, string | number>>,
): SpanDraft {
  const { scope, version, attributes } = DIALECTS[dialect];
  return {
    scope,
    version,
    traceId,
    spanId: random.hex(8),
    name: `chat ${model.model}`,
    startUnixMs,
    durationMs: random.int(60, 3_000),
    attributes: { ...attributes(model, tokens), ...more },
  };
}

function names({ provider, model }: Named): Record<string, string> {
  return { "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model };
}

function conventions(model: Named, tokens: AnyTokens): Record<string, string | number> {
  return withoutNulls({
    ...names(model),
    "gen_ai.response.model": model.model,
    "gen_ai.usage.input_tokens": tokens.input,
    "gen_ai.usage.output_tokens": tokens.output,
    "gen_ai.usage.cache_read.input_tokens": tokens.cacheRead,
    "gen_ai.usage.reasoning.output_tokens": tokens.reasoning,
  });
}

function openInference({ provider, model }: Named, tokens: AnyTokens): Record<string, string | number> {
  return withoutNulls({
    "openinference.span.kind": "LLM",
    "llm.provider": provider,
    "llm.model_name": model,
    "llm.token_count.prompt": tokens.input,
    "llm.token_count.completion": tokens.output,
    "llm.token_count.prompt_details.cache_read": tokens.cacheRead,
    "llm.token_count.completion_details.reasoning": tokens.reasoning,
  });
}

function withoutNulls(values: Readonly<Record<string, string | number | null>>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

function ownerAttributes({ tenantId, userId, feature }: Owner): Record<string, string> {
  return { tenant_id: tenantId, user_id: userId, feature };
}

function expect(
  { traceId, spanId, startUnixMs }: SpanDraft,
  owner: Owner,
  { provider, model }: Named,
  { input, cacheRead, output, reasoning }: AnyTokens,
  costPicoUsd: bigint | null,
): ExpectedCall {
  return {
    key: `${traceId}:${spanId}`,
    ...owner,
    provider,
    model,
    hourUnix: Math.floor(startUnixMs / 1_000 / HOUR_S) * HOUR_S,
    input,
    cacheRead,
    output,
    reasoning,
    costPicoUsd,
    costStatus: "priced",
  };
}
