import { isDeepStrictEqual } from "node:util";
import { OtlpDecodeError } from "../../src/otlp/otlp-decode-error.ts";
import { LEDGER_DEFAULTS } from "../native/ledger-defaults.ts";
import { findDifference, readNativeBlocks } from "../native/read-native-blocks.ts";
import { type DecodedBody, type DecoderUnderTest, runDecoder } from "./decoders-under-test.ts";
import { Surroundings } from "./surroundings.ts";

type Outcome = DecodedBody | "not-understood" | OtlpDecodeError;

/** What became of the bodies, so that it can be seen whether they were any good. */
export interface Tally {
  bodies: number;
  /** Bodies that the oracle took. */
  valid: number;
  spans: number;
  calls: number;
  /** Bodies that each decoder was given, and those of them that it understood. */
  readonly given: Record<string, number>;
  readonly understood: Record<string, number>;
}

export function createTally(): Tally {
  return { bodies: 0, valid: 0, spans: 0, calls: 0, given: {}, understood: {} };
}

/** Generated decoders are given every so many bodies, and the oracle's own reads are watched as often. */
const BODIES_A_GENERATED_CHECK = 8;

/** Runs bodies through all decoders and compares what they make of them. */
export class BodyCheck {
  readonly tally = createTally();
  readonly #oracle: DecoderUnderTest;
  readonly #decoders: readonly DecoderUnderTest[];
  readonly #surroundings = new Surroundings();

  constructor(oracle: DecoderUnderTest, decoders: readonly DecoderUnderTest[]) {
    this.#oracle = oracle;
    this.#decoders = decoders;
  }

  /** What is wrong; `null` when nothing is. */
  check(body: Uint8Array): string | null {
    this.tally.bodies += 1;
    const places = this.#surroundings.place(body);
    const isFull = this.tally.bodies % BODIES_A_GENERATED_CHECK === 0;
    try {
      const [expected, fault] = this.#runEverywhere(this.#oracle, isFull ? places : places.slice(1));
      if (fault !== null) return fault;
      return this.#compare(expected, isFull, places);
    } catch (error) {
      return `crash: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    }
  }

  #compare(expected: Outcome, isFull: boolean, places: readonly Uint8Array[]): string | null {
    const rows = isBlocks(expected) ? readRows(expected) : null;
    if (rows !== null) {
      this.tally.valid += 1;
      this.tally.spans += rows.spans.rows.length;
      this.tally.calls += rows.calls.rows.length;
    }
    for (const decoder of this.#decoders) {
      if (decoder.isGenerated === true && !isFull) continue;
      this.tally.given[decoder.name] = (this.tally.given[decoder.name] ?? 0) + 1;
      const [actual, fault] = this.#runEverywhere(decoder, places);
      if (fault !== null) return fault;
      if (actual === "not-understood") continue;
      this.tally.understood[decoder.name] = (this.tally.understood[decoder.name] ?? 0) + 1;
      const difference = describeDifference(expected, rows, actual);
      if (difference !== null) return `${this.#oracle.name} against ${decoder.name}: ${difference}`;
    }
    return null;
  }

  /** Runs a decoder on the same body in every surrounding; they must make no difference. */
  #runEverywhere(decoder: DecoderUnderTest, places: readonly Uint8Array[]): [outcome: Outcome, fault: string | null] {
    const [first, ...others] = places.map((place) => own(runDecoder(decoder, place)));
    if (first === undefined) throw new RangeError("A body is placed somewhere.");
    const isSame = others.every((other) => isDeepStrictEqual(key(first), key(other)) || haveSameRows(first, other));
    return [first, isSame ? null : `${decoder.name} reads bytes outside of the body, or remembers what it must not`];
  }
}

/** A decoder may use its memory again for the next body. */
function own(outcome: Outcome): Outcome {
  return isBlocks(outcome)
    ? { ...outcome, spans: Buffer.from(outcome.spans), calls: Buffer.from(outcome.calls) }
    : outcome;
}

/** The hot path learns the forms of spans, so that the same rows can stand in other blocks the second time. */
function haveSameRows(first: Outcome, other: Outcome): boolean {
  return isBlocks(first) && isBlocks(other) && describeDifference(first, readRows(first), other) === null;
}

function key(outcome: Outcome): unknown {
  return outcome instanceof OtlpDecodeError ? outcome.message : outcome;
}

function isBlocks(outcome: Outcome): outcome is DecodedBody {
  return outcome !== "not-understood" && !(outcome instanceof OtlpDecodeError);
}

function readRows({ spans, calls }: DecodedBody) {
  return { spans: readNativeBlocks(spans), calls: readNativeBlocks(calls, LEDGER_DEFAULTS) };
}

function describeDifference(
  expected: Outcome,
  rows: ReturnType<typeof readRows> | null,
  actual: Outcome,
): string | null {
  if (!isBlocks(actual)) return rows === null ? null : `rows against ${String(actual)}`;
  if (!isBlocks(expected)) return `${expected.toString()} against rows`;
  if (rows === null) return "nothing against rows";
  const actualRows = readRows(actual);
  const spans = findDifference(rows.spans, actualRows.spans);
  if (spans !== null) return `spans: ${spans}`;
  const calls = findDifference(rows.calls, actualRows.calls);
  if (calls !== null) return `calls: ${calls}`;
  const [left, right] = [expected, actual].map(({ rejected, notKept, hours }) => ({ rejected, notKept, hours }));
  return isDeepStrictEqual(left, right) ? null : `${JSON.stringify(left)} against ${JSON.stringify(right)}`;
}

/** The difference of two outcomes that are both rows. */
export function compareBlocks(left: DecodedBody, right: DecodedBody): string | null {
  return describeDifference(left, readRows(left), right);
}
