import { ATTRIBUTION_KEYS, DIALECTS, GEN_AI, SPANCOST } from "@spancost/core";
import type { Random } from "./random.ts";
import type { Attribute, Value } from "./request-model.ts";

/** Attribute names that any dialect looks at, places inside JSON attributes, scopes and texts that it compares with. */
interface Vocabulary {
  readonly keys: readonly string[];
  readonly json: readonly { readonly key: string; readonly path: readonly string[] }[];
  readonly scopes: readonly string[];
  readonly texts: readonly string[];
}

const MODELS = [
  "gpt-4o",
  "gpt-4o-mini-2024-07-18",
  "o3-mini",
  "text-embedding-3-small",
  "claude-sonnet-4-5-20250929",
  "claude-3-5-haiku-latest",
  "anthropic.claude-3-5-sonnet-20241022-v2:0",
  "gemini-2.5-flash",
  "models/gemini-2.0-flash",
  "llama-3.3-70b-versatile",
  "grok-3",
  "nobody-knows-this-model",
];
const PROVIDERS = [
  "openai",
  "anthropic",
  "aws.bedrock",
  "gcp.gemini",
  "google",
  "groq",
  "x_ai",
  "azure",
  "Anthropic",
  "",
];
const OPERATIONS = ["chat", "embeddings", "generate_content", "invoke_agent", "execute_tool", "text_completion", "LLM"];
const COUNTS = [
  0n,
  1n,
  17n,
  1_000n,
  128_000n,
  4_294_967_296n,
  2n ** 53n,
  2n ** 53n + 1n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const AMOUNTS = ["0", "0.0125", "1e-7", "-1", "NaN", "123456789.000000000001", " 5 ", ""];
const CONTENT_KEYS = [
  "gen_ai.input.messages",
  "gen_ai.prompt.0.content",
  "input.value",
  "http.request.header.authorization",
];
const OTHER_KEYS = [
  "http.method",
  "http.route",
  "k",
  "team",
  "labels.team",
  "spancost.label.team",
  "app.attribute",
  "x.y",
];
const ODD_KEYS = ["", "0", "7", "__proto__", "constructor", "ünï", "gen_ai.usage.", "k\u0000", "日本"];
const RESOURCE_KEYS = [
  "service.name",
  "service.namespace",
  "service.version",
  "deployment.environment.name",
  "deployment.environment",
  "telemetry.sdk.language",
  SPANCOST.providerAccount,
];

const VOCABULARY = readVocabulary();
const OWN_KEYS = [GEN_AI, SPANCOST, ATTRIBUTION_KEYS].flatMap((names) => Object.values<string>(names));

/** A scope's name: one that a dialect knows, or another. */
export function createScopeName(random: Random): string {
  if (random.chance(0.2)) return random.pick(["", "my-app", "@opentelemetry/instrumentation-http"]);
  return random.pick(VOCABULARY.scopes).replace("*", random.pick(["", "openai", "instrumentation-anthropic"]));
}

export function createResourceAttributes(random: Random): Attribute[] {
  const attributes = Array.from({ length: random.below(6) }, (): Attribute => [
    random.chance(0.8) ? random.pick(RESOURCE_KEYS) : random.pick(OTHER_KEYS),
    random.chance(0.9) ? text(random.pick(["api", "worker", "prod", "ünï"])) : createValue(random, 0),
  ]);
  return mostlyUnique(attributes, random);
}

/** Attributes as any LLM instrumentation might set them, and some that none would. */
export function createSpanAttributes(random: Random): Attribute[] {
  return mostlyUnique(
    Array.from({ length: random.smallBelow(40) }, () => createAttribute(random)),
    random,
  );
}

/** Name and attributes of a span that the dialects of a scope take for a call. */
export function createCall(scopeName: string, random: Random): { name: string; attributes: Attribute[] } {
  const dialect = random.pick(DIALECTS.filter(({ recognise }) => acceptsScope(recognise.scopes, scopeName)));
  const rule = random.pick(dialect.roles.filter(({ role }) => role === "call"));
  const [marker] = dialect.recognise.anyAttribute ?? [];
  const keys = [...(rule.has === undefined ? [] : [rule.has]), ...(marker === undefined ? [] : [marker])];
  if (random.chance(0.9)) keys.push(...keysOf([dialect.usage.input[0], dialect.usage.output[0]]));
  if (random.chance(0.9)) keys.push(...keysOf([dialect.fields.provider[0], dialect.fields.modelRequested[0]]));
  const attributes: Attribute[] = keys.map((key) => [key, createValueOf(key, random)]);
  if (rule.attribute !== undefined) {
    const value = rule.in === undefined ? `ai.generateText${random.pick(rule.endsWith ?? [""])}` : random.pick(rule.in);
    attributes.push([rule.attribute, text(value)]);
  }
  return {
    name: rule.nameIncludes ?? "call",
    attributes: mostlyUnique([...attributes, ...createSpanAttributes(random)], random),
  };
}

/** Senders write every key once; that one comes twice is rare. */
function mostlyUnique(attributes: Attribute[], random: Random): Attribute[] {
  return random.chance(0.03) ? attributes : [...new Map(attributes.map((each) => [each[0], each])).values()];
}

function acceptsScope(scopes: readonly string[], name: string): boolean {
  return scopes.length === 0 || scopes.some((scope) => name.startsWith(scope.replace("*", "")));
}

function keysOf(sources: readonly unknown[]): string[] {
  return sources.filter((source) => typeof source === "string");
}

function createAttribute(random: Random): Attribute {
  const roll = random.below(20);
  if (roll < 11) {
    const key = random.pick(random.chance(0.5) ? VOCABULARY.keys : OWN_KEYS);
    return [key, createValueOf(key, random)];
  }
  if (roll < 14) {
    const { key, path } = random.pick(VOCABULARY.json);
    return [key, text(createJson(path, random))];
  }
  if (roll < 15) return [random.pick(CONTENT_KEYS), text("a secret")];
  return [random.pick(random.chance(0.03) ? ODD_KEYS : OTHER_KEYS), createValue(random, 0)];
}

/** A value that goes with the name, mostly. */
function createValueOf(key: string, random: Random): Value {
  if (random.chance(0.08)) return createValue(random, 0);
  if (/usage|token|count|attempt|images|characters/i.test(key))
    return random.chance(0.8) ? { kind: "int", value: random.pick(COUNTS) } : createNumber(random);
  if (/cost|price|seconds/i.test(key)) return random.chance(0.5) ? text(random.pick(AMOUNTS)) : createNumber(random);
  if (/model/i.test(key)) return text(random.pick(MODELS));
  if (/provider|system/i.test(key)) return text(random.pick(PROVIDERS));
  if (/stream/i.test(key)) return { kind: "bool", value: random.chance(0.5) };
  return text(random.pick(random.chance(0.5) ? OPERATIONS : VOCABULARY.texts));
}

/** Any value at all. */
export function createValue(random: Random, depth: number): Value {
  const MAX_DEPTH = 4;
  switch (random.below(depth < MAX_DEPTH ? 9 : 7)) {
    case 0:
    case 1:
      return text(createText(random));
    case 2:
      return { kind: "bool", value: random.chance(0.5) };
    case 3:
      return { kind: "int", value: random.pick(COUNTS) };
    case 4:
      return createNumber(random);
    case 5:
      return { kind: "bytes", value: random.bytes(random.smallBelow(40)) };
    case 6:
      return { kind: "none" };
    case 7:
      return { kind: "list", items: Array.from({ length: random.below(4) }, () => createValue(random, depth + 1)) };
    default:
      return {
        kind: "map",
        entries: Array.from({ length: random.below(4) }, () => [createText(random), createValue(random, depth + 1)]),
      };
  }
}

function createNumber(random: Random): Value {
  const numbers = [0, -0, 1.5, 0.1, 1e-300, 1e21, 5e-324, Number.NaN, Infinity, -Infinity, 12, 2 ** 53, 1e300];
  return { kind: "double", value: random.chance(0.8) ? random.pick(numbers) : random.bits() / 1000 };
}

/** Texts of which some are long, empty, or of characters that encoders get wrong. */
export function createText(random: Random): string {
  const texts = ["", "a", "name", "ünï", "日本語", "🙂", "\u0000", "\uFEFFbom", "\uFFFD", 'a\nb"c\\', "{", "[1]", "é"];
  if (random.chance(0.02)) return "x".repeat(random.pick([127, 128, 255, 256, 16_383, 16_384]));
  return random.chance(0.2) ? random.pick(texts) + random.pick(texts) : random.pick(texts);
}

function createJson(path: readonly string[], random: Random): string {
  if (random.chance(0.1)) return random.pick(["{", "[]", "null", "{}", '"text"', "[".repeat(300)]);
  const leaf: unknown = random.chance(0.7)
    ? random.below(5_000)
    : random.pick([1.5, "12", null, true, "flex", -1, 1e300]);
  return JSON.stringify(path.reduceRight((inner, key) => ({ [key]: inner }), leaf));
}

function text(value: string): Value {
  return { kind: "text", value };
}

/** Dialects are data, so what they know is found by looking through them. */
function readVocabulary(): Vocabulary {
  const texts = new Set<string>();
  const json = new Map<string, { key: string; path: string[] }>();
  const visit = (part: unknown): void => {
    if (typeof part === "string") texts.add(part);
    if (typeof part !== "object" || part === null || part instanceof RegExp) return;
    const { json: key, path, sum } = part as { json?: unknown; path?: unknown; sum?: unknown };
    if (typeof key === "string" && Array.isArray(path)) {
      const full = [...path.map(String), ...(sum === undefined ? [] : ["total_tokens"])];
      json.set(`${key} ${full.join(" ")}`, { key, path: full });
    }
    for (const [name, value] of Object.entries(part)) {
      if (!Array.isArray(part)) texts.add(name);
      visit(value);
    }
  };
  for (const dialect of DIALECTS) visit(dialect);
  const isKey = (each: string) => /^[\w-]+[.:][\w.:-]+$/.test(each) || each.includes("tokens");
  return {
    keys: [...texts].filter(isKey),
    texts: [...texts].filter((each) => !isKey(each)),
    json: [...json.values()],
    scopes: DIALECTS.flatMap(({ recognise }) => recognise.scopes),
  };
}
