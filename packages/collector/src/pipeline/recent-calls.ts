import type { CallRow } from "@spancost/clickhouse";

/** What a call is to those that came lately: the same id with the same contents, or with others. */
export type Recurrence = "new" | "duplicate" | "conflicting";

const DEFAULT_ENTRIES = 1 << 18;
/** Places that a key may be in; the one after the last that was taken there is given up for a new key. */
const WAYS = 4;
const ID_BYTES = 24;

/**
 * A bounded memory of calls, 12 bytes each, that tells redeliveries for metrics. Nothing depends on it: the ledger's key makes a
 * redelivery harmless.
 */
export class RecentCalls {
  /** Calls that came again, of those that are remembered. */
  readonly counts: Record<Exclude<Recurrence, "new">, number> = { duplicate: 0, conflicting: 0 };
  readonly #high: Int32Array;
  readonly #low: Int32Array;
  readonly #fingerprints: Int32Array;
  readonly #nextWay: Uint8Array;
  readonly #setMask: number;

  /** @param entries how many calls it remembers, a power of two. @default 262144 */
  constructor(entries = DEFAULT_ENTRIES) {
    this.#high = new Int32Array(entries);
    this.#low = new Int32Array(entries);
    this.#fingerprints = new Int32Array(entries);
    this.#nextWay = new Uint8Array(entries / WAYS);
    this.#setMask = entries / WAYS - 1;
  }

  /**
   * Remembers a call.
   * @param traceAt where its trace id's 16 bytes are, `spanAt` where its span id's 8 are
   * @param fingerprint 32 bits that its contents decide
   */
  note(ids: DataView, traceAt: number, spanAt: number, fingerprint: number): Recurrence {
    const ofTrace = ids.getInt32(traceAt) ^ Math.imul(ids.getInt32(traceAt + 4), 0x9e37_79b1);
    const restOfTrace = ids.getInt32(traceAt + 8) ^ Math.imul(ids.getInt32(traceAt + 12), 0x85eb_ca77);
    const rest = mix(restOfTrace ^ Math.imul(ids.getInt32(spanAt + 4), 0x27d4_eb2f));
    const high = mix(ofTrace ^ Math.imul(ids.getInt32(spanAt), 0xc2b2_ae3d) ^ rest);
    // 0 and 0 is an empty place.
    const low = rest | 1;
    const set = (high & this.#setMask) * WAYS;
    for (let at = set; at < set + WAYS; at += 1) {
      if (this.#high[at] !== high || this.#low[at] !== low) continue;
      const recurrence = this.#fingerprints[at] === (fingerprint | 0) ? "duplicate" : "conflicting";
      this.#fingerprints[at] = fingerprint;
      this.counts[recurrence] += 1;
      return recurrence;
    }
    const way = this.#nextWay[high & this.#setMask] ?? 0;
    this.#nextWay[high & this.#setMask] = (way + 1) % WAYS;
    this.#high[set + way] = high;
    this.#low[set + way] = low;
    this.#fingerprints[set + way] = fingerprint;
    return "new";
  }

  /** Remembers a call that is a row. */
  noteRow(row: CallRow): Recurrence {
    const ids = Buffer.allocUnsafe(ID_BYTES);
    ids.set(row.traceId);
    ids.set(row.spanId, row.traceId.length);
    const view = new DataView(ids.buffer, ids.byteOffset, ID_BYTES);
    return this.note(view, 0, row.traceId.length, fingerprintRow(row));
  }
}

/** What decides a call's place in the ledger and its cost; numbers are taken by their lowest 32 bits. */
export interface CallContents {
  readonly tenant: number;
  readonly startNano: number;
  readonly durationNano: number;
  /** NaN is unknown. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costPicoUsd: number;
}

/** 32 bits that a call's contents decide, the same however it was encoded. */
export function fingerprintCall(contents: CallContents): number {
  let hash = mix(contents.tenant ^ Math.imul(contents.startNano, 0x9e37_79b1));
  hash = mix(hash ^ contents.durationNano);
  hash = mix(hash ^ toBits(contents.inputTokens));
  hash = mix(hash ^ toBits(contents.outputTokens));
  return mix(hash ^ toBits(contents.costPicoUsd));
}

/** A number that a text decides. */
export function fingerprintText(text: string): number {
  let hash = text.length;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  return hash;
}

function toBits(count: number): number {
  return Number.isNaN(count) ? -1 : count | 0;
}

function fingerprintRow(row: CallRow): number {
  const { usage, costPicoUsd } = row;
  return fingerprintCall({
    tenant: fingerprintText(row.tenantId),
    startNano: Number(BigInt.asIntN(32, row.startTimeUnixNano)),
    durationNano: Number(BigInt.asIntN(32, row.durationNano)),
    inputTokens: usage.input ?? Number.NaN,
    outputTokens: usage.output ?? Number.NaN,
    costPicoUsd: costPicoUsd === null ? Number.NaN : Number(BigInt.asIntN(32, costPicoUsd)),
  });
}

/** Spreads every bit over all: MurmurHash3's last step. @see https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
