// Prints what reading a streamed chat costs a chunk: node packages/llm-wire/bench/read-stream.ts (on the built output: run
// `tsc -b packages/llm-wire` first). The variants take turns; medians and the ratio to reading every event.
import { OPENAI_CHAT, type WireFormat, createBodyReader } from "@spancost/llm-wire";

const CHUNKS = 1_000;
const ROUNDS = 401;
const NANOSECONDS_PER_MS = 1e6;
/** What arrives at once from a fast provider, or through a proxy that gathers. */
const LARGE_PIECE_BYTES = 16 * 1024;
const OUTPUT_TOKENS = 1_000;
const EVENT_STREAM = { get: () => "text/event-stream" };

const encoder = new TextEncoder();

/** `usageMember`: what every chunk but the last says of usage. */
function createEvents(usageMember: string): Uint8Array[] {
  const head = `"id":"chatcmpl-BxPq2vJ0d3Zk","object":"chat.completion.chunk","created":1763670000,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":null`;
  const texts = Array.from({ length: CHUNKS }, (_none, index) => {
    const delta = JSON.stringify({ content: ` word${index % 97}${index % 13 === 0 ? '"é\n' : ""}` });
    const obfuscation = "x".repeat(4 + (index % 8));
    return `data: {${head},"choices":[{"index":0,"delta":${delta},"finish_reason":null}]${usageMember},"obfuscation":"${obfuscation}"}\n\n`;
  });
  const usage = `{"prompt_tokens":12,"completion_tokens":${OUTPUT_TOKENS},"total_tokens":1012}`;
  return [
    ...texts,
    `data: {${head},"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]${usageMember}}\n\n`,
    `data: {${head},"choices":[],"usage":${usage}}\n\n`,
    "data: [DONE]\n\n",
  ].map((text) => encoder.encode(text));
}

function regroup(events: readonly Uint8Array[], sizeBytes: number): Uint8Array[] {
  const all = new Uint8Array(events.reduce((sum, event) => sum + event.length, 0));
  let at = 0;
  for (const event of events) {
    all.set(event, at);
    at += event.length;
  }
  const count = Math.ceil(all.length / sizeBytes);
  return Array.from({ length: count }, (_none, index) => all.slice(index * sizeBytes, (index + 1) * sizeBytes));
}

/** The format as it was before events that tell nothing were passed over. */
const EVERY_EVENT: WireFormat = {
  ...OPENAI_CHAT,
  createStreamReader: () => {
    const reader = OPENAI_CHAT.createStreamReader();
    return {
      readEvent: (event) => reader.readEvent(event),
      finished: false,
      outcome: () => reader.outcome(),
    };
  },
};

function read(format: WireFormat, pieces: readonly Uint8Array[]): number | null {
  const reader = createBodyReader(format, EVENT_STREAM);
  for (const piece of pieces) reader.readBytes(piece);
  reader.end();
  return reader.outcome().usage.output;
}

function filter(pieces: readonly Uint8Array[]): number {
  const usageFilter = OPENAI_CHAT.unaskedUsage?.createFilter();
  let passed = 0;
  for (const piece of pieces) passed += usageFilter?.write(piece).length ?? 0;
  return passed + (usageFilter?.end().length ?? 0);
}

const asked = createEvents(',"usage":null');
const unasked = createEvents("");
const sizeOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);
const filteredBytes = sizeOf(unasked) - (unasked.at(-2)?.length ?? 0);

interface Variant {
  readonly name: string;
  readonly run: () => unknown;
  readonly expected: unknown;
  readonly nanoseconds: number[];
}

const variants: readonly Variant[] = (
  [
    ["one event a piece", asked, unasked],
    ["16 KiB pieces", regroup(asked, LARGE_PIECE_BYTES), regroup(unasked, LARGE_PIECE_BYTES)],
  ] as const
).flatMap(([size, withNull, without]) => [
  {
    name: `${size}: read every event`,
    run: () => read(EVERY_EVENT, withNull),
    expected: OUTPUT_TOKENS,
    nanoseconds: [],
  },
  { name: `${size}: read`, run: () => read(OPENAI_CHAT, withNull), expected: OUTPUT_TOKENS, nanoseconds: [] },
  { name: `${size}: filter, usage null`, run: () => filter(withNull), expected: filteredBytes, nanoseconds: [] },
  { name: `${size}: filter, no usage`, run: () => filter(without), expected: filteredBytes, nanoseconds: [] },
]);

for (const { name, run, expected } of variants) {
  const result = run();
  if (result !== expected) throw new Error(`${name}: got ${String(result)}, expected ${String(expected)}`);
}
for (let round = 0; round < ROUNDS; round += 1) {
  for (let index = 0; index < variants.length; index += 1) {
    const variant = variants[(index + round) % variants.length];
    if (variant === undefined) continue;
    const start = performance.now();
    variant.run();
    variant.nanoseconds.push(((performance.now() - start) * NANOSECONDS_PER_MS) / CHUNKS);
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
for (const [index, { name, nanoseconds }] of variants.entries()) {
  const base = variants[index - (index % 4)];
  const ratios = nanoseconds.map((value, round) => value / (base?.nanoseconds[round] ?? Number.NaN));
  console.log(
    `${name.padEnd(40)} ${median(nanoseconds).toFixed(0).padStart(6)} ns/chunk  x${median(ratios).toFixed(2)}`,
  );
}
