import { readsSpanNames } from "@spancost/core";
import type { ByteTable } from "./byte-table.ts";
import { type CallTemplate, createCallTemplate, MAX_PLAIN_BYTES, type TemplateContext } from "./call-template.ts";
import type { KnownScope } from "./known-origin.ts";
import type { KnownText } from "./known-text.ts";
import { isPlain } from "./is-plain.ts";
import { materialiseSpan } from "./materialise-span.ts";
import { ATTRIBUTE, type RequestScan, SPAN } from "./scan-request.ts";
import { VALUE } from "./value-types.ts";

const WHOLE: CallTemplate = { kind: "whole" };
/** More forms than any set of producers has; above, forms follow from values that come once. */
const MAX_TEMPLATES = 20_000;
/** Varints of so many bytes are whole numbers below 2^49: none is negative, and a double holds them. */
const MAX_COUNT_BYTES = 7;
const NO_NAME = -1;

interface KnownTemplate {
  readonly signature: Int32Array;
  readonly template: CallTemplate;
}

/**
 * Finds the template of a span by what the span has in common with others: its scope, resource and status, which of the attributes that
 * are read it has, and the values of those that say what a call is.
 */
export class CallTemplates {
  /** Rows, in the scan's attributes, of those that are read on the span asked for last. */
  readonly places = new Int32Array(1_024);
  readonly #context: TemplateContext;
  readonly #texts: ByteTable<KnownText>;
  readonly #buckets = new Map<number, KnownTemplate[]>();
  readonly #namesMatter = new Map<KnownScope, boolean>();
  #size = 0;
  readonly #signature = new Int32Array(4_096);
  #last: KnownTemplate | undefined;

  constructor(context: TemplateContext, texts: ByteTable<KnownText>) {
    this.#context = context;
    this.#texts = texts;
  }

  get isFull(): boolean {
    return this.#size >= MAX_TEMPLATES;
  }

  find(scan: RequestScan, span: number): CallTemplate {
    const length = this.#sign(scan, span);
    if (length === 0) return WHOLE;
    const signature = this.#signature;
    const last = this.#last;
    if (last !== undefined && isSame(last.signature, signature, length)) return last.template;
    let hash = length;
    for (let index = 0; index < length; index += 1) hash = Math.imul(hash ^ (signature[index] ?? 0), 0x0100_0193);
    const bucket = this.#buckets.get(hash);
    const found = bucket?.find((known) => isSame(known.signature, signature, length));
    const known = found ?? this.#add(scan, span, hash, bucket, signature.slice(0, length));
    this.#last = known;
    return known.template;
  }

  #add(
    scan: RequestScan,
    span: number,
    hash: number,
    bucket: KnownTemplate[] | undefined,
    signature: Int32Array,
  ): KnownTemplate {
    const { attributes } = scan;
    const names = [...this.places.subarray(0, signature[PLACES])].map(
      (row) => scan.keys[attributes[row + ATTRIBUTE.key] ?? 0]?.name ?? "",
    );
    const known = { signature, template: createCallTemplate(materialiseSpan(scan, span), names, this.#context) };
    if (this.isFull) return known;
    this.#size += 1;
    if (bucket === undefined) this.#buckets.set(hash, [known]);
    else bucket.push(known);
    return known;
  }

  /** Writes the span's signature, and the places of what is read. @returns its length; 0 for a span that must be read as a whole */
  #sign(scan: RequestScan, span: number): number {
    const { spans, attributes, keys, reader } = scan;
    const signature = this.#signature;
    const group = scan.groups[spans[span + SPAN.group] ?? 0];
    if (group === undefined) return 0;
    let length = HEADER;
    let places = 0;
    const first = (spans[span + SPAN.firstAttribute] ?? 0) * ATTRIBUTE.width;
    const end = first + (spans[span + SPAN.attributes] ?? 0) * ATTRIBUTE.width;
    for (let row = first; row < end; row += ATTRIBUTE.width) {
      const key = keys[attributes[row + ATTRIBUTE.key] ?? 0];
      if (key === undefined || key.use === null) continue;
      if (key.use === "whole" || places === this.places.length) return 0;
      const type = attributes[row + ATTRIBUTE.type] ?? 0;
      this.places[places++] = row;
      signature[length++] = key.id * 8 + type;
      if (type === VALUE.none || type === VALUE.composed || key.use === "mark") continue;
      const at = attributes[row + ATTRIBUTE.at] ?? 0;
      const size = attributes[row + ATTRIBUTE.size] ?? 0;
      if (type === VALUE.text) {
        if (key.use === "text") {
          const text = this.#texts.find(reader.view, at, size);
          if (text === undefined) return 0;
          signature[length++] = text.id;
        } else if (key.use === "identity" && !isPlain(reader.view, at, size, MAX_PLAIN_BYTES)) return 0;
      } else if (type === VALUE.integer) {
        if (size > MAX_COUNT_BYTES) return 0;
        if (key.use === "text") {
          reader.at = at;
          if (size > 4) return 0;
          signature[length++] = reader.small();
        }
      } else if (type === VALUE.truth) signature[length++] = size;
      else if (key.use === "text" || Number.isNaN(reader.view.getFloat64(at, true))) return 0;
    }
    signature[0] = group.resource.id;
    signature[1] = group.scope.id;
    signature[2] = spans[span + SPAN.statusCode] ?? 0;
    signature[3] = this.#doNamesMatter(group.scope) ? (spans[span + SPAN.name] ?? 0) : NO_NAME;
    signature[PLACES] = places;
    return length;
  }

  #doNamesMatter(scope: KnownScope): boolean {
    let matters = this.#namesMatter.get(scope);
    if (matters === undefined) this.#namesMatter.set(scope, (matters = readsSpanNames(scope.name, scope.version)));
    return matters;
  }
}

/** Resource, scope, status, name, and the number of places go before what the attributes add. */
const HEADER = 5;
const PLACES = 4;

function isSame(known: Int32Array, signature: Int32Array, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (known[index] !== signature[index]) return false;
  return true;
}
