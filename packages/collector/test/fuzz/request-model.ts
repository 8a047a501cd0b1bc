import {
  createCall,
  createResourceAttributes,
  createScopeName,
  createSpanAttributes,
  createText,
} from "./llm-attributes.ts";
import type { Random } from "./random.ts";

/** An attribute's value. */
export type Value =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "bytes"; readonly value: Buffer }
  | { readonly kind: "list"; readonly items: readonly Value[] }
  | { readonly kind: "map"; readonly entries: readonly Attribute[] };

export type Attribute = readonly [key: string, value: Value];

/** An export request before it is encoded in any way. */
export interface RequestModel {
  readonly resources: readonly {
    readonly attributes: readonly Attribute[];
    readonly scopes: readonly {
      readonly name: string;
      readonly version: string;
      readonly spans: readonly SpanModel[];
    }[];
  }[];
}

export interface SpanModel {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId: Buffer;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: readonly Attribute[];
  readonly events: readonly {
    readonly timeUnixNano: bigint;
    readonly name: string;
    readonly attributes: readonly Attribute[];
  }[];
  readonly links: readonly {
    readonly traceId: Buffer;
    readonly spanId: Buffer;
    readonly traceState: string;
    readonly attributes: readonly Attribute[];
  }[];
  readonly status: { readonly code: number; readonly message: string };
}

/** What the decoders take for the present, in milliseconds since 1970. */
export const NOW_UNIX_MS = 1_795_000_000_000;
const NOW_UNIX_NANO = BigInt(NOW_UNIX_MS) * 1_000_000n;
const ODD_TIMES = [0n, 1n, 1_577_836_799_999_999_999n, 1_577_836_800_000_000_000n, 2n ** 63n, 2n ** 64n - 1n];
const EVENT_NAMES = ["exception", "gen_ai.choice", "gen_ai.user.message", "gen_ai.content.prompt", "log", ""];
const SPAN_NAMES = [
  "chat gpt-4o",
  "ai.generateText.doGenerate",
  "ai.streamText",
  "embeddings",
  "POST /chat",
  "openai.chat",
  "",
];

/** A request as one of the dialects would send it, more or less. */
export function createRequest(random: Random): RequestModel {
  return {
    resources: Array.from({ length: 1 + random.smallBelow(3) }, () => ({
      attributes: createResourceAttributes(random),
      scopes: Array.from({ length: random.chance(0.95) ? 1 + random.smallBelow(3) : 0 }, () => createScope(random)),
    })),
  };
}

function createScope(random: Random): RequestModel["resources"][number]["scopes"][number] {
  const name = createScopeName(random);
  const version = random.pick(["", "1.0.0", "0.40.1", "0.2", "7.0.0-beta.1", "x"]);
  const count = random.chance(0.95) ? 1 + random.smallBelow(5) : 0;
  return { name, version, spans: Array.from({ length: count }, () => createSpan(name, random)) };
}

function createSpan(scopeName: string, random: Random): SpanModel {
  const isCall = random.chance(0.7);
  const call = isCall ? createCall(scopeName, random) : { name: "", attributes: createSpanAttributes(random) };
  const startTimeUnixNano = createTime(random);
  return {
    traceId: createId(random, 16),
    spanId: createId(random, 8),
    parentSpanId: random.chance(0.4) ? Buffer.alloc(0) : createId(random, 8),
    traceState: random.chance(0.9) ? "" : createText(random),
    name: isCall ? call.name : random.chance(0.9) ? random.pick(SPAN_NAMES) : createText(random),
    kind: random.chance(0.95) ? random.below(6) : random.pick([6, -1, 255, 2 ** 31 - 1]),
    startTimeUnixNano,
    endTimeUnixNano: random.chance(0.9) ? startTimeUnixNano + BigInt(random.below(2 ** 31)) : createTime(random),
    attributes: call.attributes,
    events: Array.from({ length: random.chance(0.2) ? 1 + random.smallBelow(4) : 0 }, () => ({
      timeUnixNano: createTime(random),
      name: random.pick(EVENT_NAMES),
      attributes: random.chance(0.5) ? createSpanAttributes(random) : [["content", { kind: "text", value: "secret" }]],
    })),
    links: Array.from({ length: random.chance(0.1) ? 1 + random.smallBelow(3) : 0 }, () => ({
      traceId: createId(random, 16),
      spanId: createId(random, 8),
      traceState: random.pick(["", "a=b"]),
      attributes: createSpanAttributes(random),
    })),
    status: { code: random.chance(0.9) ? random.below(3) : 7, message: random.chance(0.9) ? "" : createText(random) },
  };
}

function createTime(random: Random): bigint {
  if (random.chance(0.05)) return random.pick(ODD_TIMES);
  // Some days back, and at times so many that raw spans or even calls are not kept any more.
  const days = random.chance(0.9) ? 3 : 50;
  return NOW_UNIX_NANO - BigInt(random.bits()) * BigInt(days) * 20_117n - BigInt(random.below(1_000_000));
}

function createId(random: Random, sizeBytes: number): Buffer {
  if (random.chance(0.96)) return random.bytes(sizeBytes);
  return random.pick([
    Buffer.alloc(sizeBytes),
    Buffer.alloc(0),
    random.bytes(sizeBytes - 1),
    random.bytes(sizeBytes + 1),
  ]);
}
