import { TextSequence } from "@spancost/clickhouse";
import type { KnownKey } from "../known/known-key.ts";
import { toDoubleWords, WORD_BYTES } from "../known/words.ts";

/** Longer attributes are hardly the same twice. */
const MAX_CONSTANT_BYTES = 512;
/** Tags and length before a key of at most 127 bytes, and the tag of the value after it. */
const HEAD_TAGS_BYTES = 3;
const MAX_SHORT = 0x7f;

/** An attribute of the spans of a template, as it stood on the span that was looked at. */
export interface TemplateAttribute {
  readonly key: KnownKey;
  readonly type: number;
  /** All its bytes, tag and length before it included; `null` for a hole: the value is another one each time. */
  readonly bytes: Uint8Array | null;
  /** The value as the column has it. */
  readonly encoded: Uint8Array;
  readonly isStored: boolean;
}

/** A step over attributes: a run of those that are the same on all spans, or a hole. */
export interface TemplateStep {
  /** Key, type and use of a hole; `null` for a run. */
  readonly hole: KnownKey | null;
  readonly type: number;
  readonly isStored: boolean;
  /** Bytes of the run; of a hole, those from the attribute's own beginning to the length of its value. */
  readonly sizeBytes: number;
  readonly words: Float64Array;
  readonly lastWord: number;
  /** The run's values as the column has them. */
  readonly encoded: Float64Array;
  readonly encodedSize: number;
}

/**
 * What the attributes of many spans of a scope have in common: the same keys in the same order, with values of the same types, most of
 * them the same. Such spans are read by comparing bytes, and looking at holes. Words are doubles, eight bytes each: two that are equal,
 * and neither NaN nor zero, have the same bytes.
 */
export class SpanTemplate {
  readonly id: number;
  steps: readonly TemplateStep[] = [];
  /** Keys of the attributes that are stored. */
  keys = new TextSequence([]);
  /** Size of the values of all runs, as the column has them. */
  encodedSize = 0;
  #attributes: readonly TemplateAttribute[];

  constructor(id: number, attributes: readonly TemplateAttribute[]) {
    this.id = id;
    this.#attributes = attributes.map((attribute) => (canBeConstant(attribute) ? attribute : toHole(attribute)));
    this.#compile();
  }

  /** Whether a span has the same keys and types in the same order. */
  isOf(attributes: readonly TemplateAttribute[]): boolean {
    return (
      attributes.length === this.#attributes.length &&
      this.#attributes.every(
        ({ key, type }, index) => key === attributes[index]?.key && type === attributes[index]?.type,
      )
    );
  }

  /** Makes holes of the attributes that are others on a span of the same form. */
  refine(attributes: readonly TemplateAttribute[]): void {
    let isChanged = false;
    const refined = this.#attributes.map((attribute, index) => {
      const { bytes } = attribute;
      const other = attributes[index]?.bytes;
      if (bytes === null || (other !== undefined && other !== null && Buffer.compare(bytes, other) === 0))
        return attribute;
      isChanged = true;
      return toHole(attribute);
    });
    if (!isChanged) return;
    this.#attributes = refined;
    this.#compile();
  }

  #compile(): void {
    const steps: TemplateStep[] = [];
    let run: TemplateAttribute[] = [];
    const endRun = () => {
      steps.push(...toSteps(run));
      run = [];
    };
    for (const attribute of this.#attributes) {
      if (attribute.bytes !== null) run.push(attribute);
      else {
        endRun();
        steps.push(toHoleStep(attribute));
      }
    }
    endRun();
    this.steps = steps;
    this.encodedSize = steps.reduce((sum, { encodedSize }) => sum + encodedSize, 0);
    this.keys = new TextSequence(this.#attributes.filter(({ isStored }) => isStored).map(({ key }) => key));
  }
}

/** Whether a key stands so that a hole of it can be recognised: short, with its tags where everybody writes them. */
export function canBeHole({ sizeBytes }: KnownKey): boolean {
  return sizeBytes + HEAD_TAGS_BYTES >= WORD_BYTES && sizeBytes <= MAX_SHORT;
}

/** What differs from call to call, or makes a span be read as a whole, is a hole even while it is the same. */
function canBeConstant({ key, bytes }: TemplateAttribute): boolean {
  if (bytes === null || (key.use !== null && key.use !== "text" && key.use !== "mark")) return false;
  return bytes.length >= WORD_BYTES && bytes.length <= MAX_CONSTANT_BYTES;
}

function toHole(attribute: TemplateAttribute): TemplateAttribute {
  return { ...attribute, bytes: null };
}

/** Attributes that are the same on all spans as one run, or, where its words cannot be compared, as runs and holes of their own. */
function toSteps(attributes: readonly TemplateAttribute[]): TemplateStep[] {
  const [first] = attributes;
  if (first === undefined) return [];
  const run = toRun(attributes);
  if (run !== null) return [run];
  return attributes.length > 1 ? attributes.flatMap((each) => toSteps([each])) : [toHoleStep(first)];
}

function toRun(attributes: readonly TemplateAttribute[]): TemplateStep | null {
  const compared = toCompared(Buffer.concat(attributes.map((each) => each.bytes ?? NO_BYTES)));
  const values = Buffer.concat(attributes.map((each) => (each.isStored ? each.encoded : NO_BYTES)));
  const encoded = toDoubleWords(values);
  if (compared === null || encoded === null) return null;
  return { hole: null, type: 0, isStored: true, ...compared, encoded, encodedSize: values.length };
}

function toHoleStep({ key, type, isStored }: TemplateAttribute): TemplateStep {
  const name = Buffer.from(key.name, "latin1");
  const head = Buffer.concat([Buffer.from([KEY_TAG, name.length]), name, Buffer.from([VALUE_TAG])]);
  const compared = toCompared(head) ?? { sizeBytes: head.length, words: NEVER, lastWord: Number.NaN };
  return { hole: key, type, isStored, ...compared, encoded: new Float64Array(0), encodedSize: 0 };
}

const NO_BYTES = new Uint8Array(0);
/** Equal to nothing: a head that cannot be compared makes its template fit no span. */
const NEVER = Float64Array.of(Number.NaN);

/** Bytes to be compared: whole words from the beginning, and the last eight bytes; `null` where words cannot tell them. */
function toCompared(bytes: Buffer): Pick<TemplateStep, "sizeBytes" | "words" | "lastWord"> | null {
  const words = toDoubleWords(bytes.subarray(0, bytes.length - (bytes.length % WORD_BYTES)));
  const lastWord = bytes.readDoubleBE(bytes.length - WORD_BYTES);
  if (words === null || Number.isNaN(lastWord) || lastWord === 0 || words.includes(0)) return null;
  return { sizeBytes: bytes.length, words, lastWord };
}

const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;

/** Whether the bytes of a step stand at `at`; the step is at least a word long. */
export function stepIsAt({ words, lastWord, sizeBytes }: TemplateStep, view: DataView, at: number): boolean {
  if (view.getFloat64(at + sizeBytes - WORD_BYTES) !== lastWord) return false;
  for (let index = 0; index < words.length; index += 1)
    if (view.getFloat64(at + index * WORD_BYTES) !== words[index]) return false;
  return true;
}
