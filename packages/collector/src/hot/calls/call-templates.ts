import { readsSpanNames } from "@spancost/core";
import type { OtlpSpan } from "../../otlp/trace-data.ts";
import { type CallTemplate, createCallTemplate, type TemplateContext } from "./call-template.ts";
import type { KnownResource, KnownScope } from "../known/known-origin.ts";
import type { KnownText } from "../known/known-text.ts";
import type { ReadAttributes } from "./read-attributes.ts";

const WHOLE: CallTemplate = { kind: "whole" };
/** More forms than any set of producers has; above, forms follow from values that come once. */
const MAX_TEMPLATES = 20_000;
const NO_NAME = -1;
/** An odd number with well-spread bits: FNV's prime. */
const MULTIPLIER = 0x0100_0193;

/** More forms that share a hash were made to: they are read one by one. */
const MAX_BUCKET = 32;
/** As many forms are found quickest, less one. */
const RECENT_MASK = 0xff;

/** Makes the span at hand as an object. */
export interface SpanSource {
  materialise(): OtlpSpan;
}

interface KnownTemplate {
  readonly signature: Int32Array;
  readonly template: CallTemplate;
}

/**
 * Finds the template of a span by what the span has in common with others: its scope, resource and status, which of the attributes that
 * are read it has, and the values of those that say what a call is.
 */
export class CallTemplates {
  readonly #context: TemplateContext;
  readonly #buckets = new Map<number, KnownTemplate[]>();
  readonly #namesMatter = new Map<KnownScope, boolean>();
  #size = 0;
  readonly #recent: (KnownTemplate | undefined)[] = Array.from({ length: RECENT_MASK + 1 }, () => undefined);

  constructor(context: TemplateContext) {
    this.#context = context;
  }

  get isFull(): boolean {
    return this.#size >= MAX_TEMPLATES;
  }

  /** `source` makes the span as an object, for a form that was not seen before. */
  find(
    read: ReadAttributes,
    resource: KnownResource,
    scope: KnownScope,
    statusCode: number,
    name: KnownText,
    source: SpanSource,
  ): CallTemplate {
    if (read.isWhole) return WHOLE;
    const { signature, length } = read;
    signature[0] = resource.id;
    signature[1] = scope.id;
    signature[2] = statusCode;
    signature[3] = this.#doNamesMatter(scope) ? name.id : NO_NAME;
    signature[4] = read.count;
    let hash = length;
    for (let index = 0; index < length; index += 1) hash = Math.imul(hash ^ (signature[index] ?? 0), MULTIPLIER);
    // Most spans have one of a few forms: those are found without the map.
    const recent = this.#recent[hash & RECENT_MASK];
    if (recent !== undefined && isSame(recent.signature, signature, length)) return recent.template;
    const bucket = this.#buckets.get(hash);
    if (bucket !== undefined && bucket.length >= MAX_BUCKET) return WHOLE;
    const known =
      bucket?.find((each) => isSame(each.signature, signature, length)) ??
      this.#add(read, hash, bucket, source.materialise());
    this.#recent[hash & RECENT_MASK] = known;
    return known.template;
  }

  #add(read: ReadAttributes, hash: number, bucket: KnownTemplate[] | undefined, span: OtlpSpan): KnownTemplate {
    const names = read.keys.slice(0, read.count).map(({ name }) => name);
    const template = createCallTemplate(span, names, this.#context);
    const known = { signature: read.signature.slice(0, read.length), template };
    if (this.isFull) return known;
    this.#size += 1;
    if (bucket === undefined) this.#buckets.set(hash, [known]);
    else bucket.push(known);
    return known;
  }

  #doNamesMatter(scope: KnownScope): boolean {
    let matters = this.#namesMatter.get(scope);
    if (matters === undefined) this.#namesMatter.set(scope, (matters = readsSpanNames(scope.name, scope.version)));
    return matters;
  }
}

function isSame(known: Int32Array, signature: Int32Array, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (known[index] !== signature[index]) return false;
  return true;
}
