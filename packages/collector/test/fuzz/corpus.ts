import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { protobufBody } from "../otlp-bodies.ts";
import { encodeProtobuf } from "./encode-request.ts";
import { mutateBody } from "./mutate-body.ts";
import type { Random } from "./random.ts";
import { createRequest } from "./request-model.ts";
import { encodeTree, parseTree, type WireNode } from "./wire-tree.ts";

/** Real traces; they lie beside the checkout, not in it, and the fuzz does without them. */
const REAL_TRACES = fileURLToPath(new URL("../../../../../shared/spans/", import.meta.url));
/** Larger bodies would take most of the time. */
const MAX_REAL_BODY_BYTES = 8_192;
const MAX_CORPUS_BODIES = 5_000;

/** Bodies to start from, and those that reached what none had reached before. */
export class Corpus {
  /** Those that were added. */
  readonly added: Buffer[] = [];
  readonly #bodies: Buffer[];

  constructor(random: Random, initial: readonly Uint8Array[]) {
    this.#bodies = [protobufBody(), ...readRealBodies(), ...initial.map((body) => Buffer.from(body))];
    for (let count = 0; count < 50; count += 1) this.#bodies.push(createBody(random));
  }

  add(body: Buffer): void {
    if (this.#bodies.length >= MAX_CORPUS_BODIES) return;
    this.#bodies.push(body);
    this.added.push(body);
  }

  /** The next body to try: a new one, or one of the corpus with changes. */
  createBody(random: Random): Buffer {
    if (random.chance(0.2)) return createBody(random);
    return mutateBody(random.pick(this.#bodies), random.pick(this.#bodies), random);
  }
}

function createBody(random: Random): Buffer {
  return encodeProtobuf(createRequest(random), { random, rate: random.pick([0, 0.002, 0.01, 0.05]) });
}

/** One body for each span of the real traces that is not too large. */
function readRealBodies(): Buffer[] {
  if (!existsSync(REAL_TRACES)) return [];
  const names = readdirSync(REAL_TRACES).filter((name) => name.endsWith(".pb"));
  return names
    .sort()
    .flatMap((name) => splitIntoSpans(parseTree(readFileSync(REAL_TRACES + name)) ?? []))
    .filter(({ length }) => length <= MAX_REAL_BODY_BYTES);
}

function splitIntoSpans(request: readonly WireNode[]): Buffer[] {
  return request.flatMap((resourceSpans) =>
    splitField(resourceSpans, 2).flatMap((ofScope) =>
      (ofScope.children ?? [])
        .filter(({ number }) => number === 2)
        .flatMap((scopeSpans) =>
          splitField(scopeSpans, 2).map((ofSpan) =>
            encodeTree([
              { ...ofScope, children: (ofScope.children ?? []).map((each) => (each === scopeSpans ? ofSpan : each)) },
            ]),
          ),
        ),
    ),
  );
}

/** The message once for each occurrence of a field, with only that one. */
function splitField(node: WireNode, number: number): WireNode[] {
  const children = node.children ?? [];
  return children
    .filter((child) => child.number === number)
    .map((one) => ({ ...node, children: children.filter((child) => child.number !== number || child === one) }));
}
