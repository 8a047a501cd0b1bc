import { randomBytes } from "node:crypto";
import { constants, crc32, createDeflateRaw, type DeflateRaw, gunzipSync, gzipSync } from "node:zlib";
import { createBatch } from "../../../collector/bench/batch/create-batch.ts";
import { encodeRequest, type JsonRequest } from "../../../collector/bench/batch/encode-otlp.ts";
import { costOf } from "../prices.ts";
import type { Packing } from "./load-messages.ts";

/** Spans of a batch, as an SDK's processor makes them. */
export const SPANS_A_BATCH = 512;

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const DURATION_NANO = 1_234_567_891n;
const NANOS_PER_MS = 1_000_000n;
const LEVEL = 6;
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const GZIP_TRAILER_BYTES = 8;

/** Models of the batch in their turn, with what a token costs in 1e-12 USD; by hand from the price page, read 2026-11-20. */
const PRICES = [
  { input: 250_000n, cacheRead: 25_000n, output: 2_000_000n },
  { input: 2_500_000n, cacheRead: 1_250_000n, output: 10_000_000n },
  { input: 150_000n, cacheRead: 75_000n, output: 600_000n },
  { input: 1_250_000n, cacheRead: 125_000n, output: 10_000_000n },
] as const;

/** What a batch costs, in 1e-12 USD. */
export function batchCostPicoUsd(): bigint {
  let cost = 0n;
  for (let index = 0; index < SPANS_A_BATCH; index += 1) {
    const prices = PRICES[index % PRICES.length] ?? PRICES[0];
    cost += costOf({ input: 1_000 + index, cacheRead: 512, output: 300 + index, reasoning: 64 }, prices);
  }
  return cost;
}

/** Where what differs from batch to batch stands. */
interface SpanPlace {
  readonly traceAt: number;
  readonly spanAt: number;
  readonly startAt: number;
  readonly endAt: number;
}

/**
 * A batch that is made again and again, with new ids and times, at the cost of writing those: in the gzip body they stand in blocks that
 * are not compressed, between others that stay as they are. What a receiver has to unpack and read is as large as ever.
 */
export class SteadyBody {
  readonly #json: { readonly plain: Buffer; readonly packed: Buffer };
  readonly #plain: Buffer;
  readonly #packed: Buffer;
  readonly #places: readonly SpanPlace[];
  /** The same places in the packed body. */
  readonly #packedPlaces: readonly SpanPlace[];

  static async create(): Promise<SteadyBody> {
    const marks = Array.from({ length: SPANS_A_BATCH }, () => createMark());
    const batch = createBatch("spancost", SPANS_A_BATCH, Date.now());
    const plain = encodeRequest(withMarks(batch, marks));
    const places = marks.map((mark) => findPlace(plain, mark));
    const { packed, packedPlaces } = await pack(plain, places);
    const body = new SteadyBody(Buffer.from(JSON.stringify(batch)), plain, packed, places, packedPlaces);
    body.check();
    return body;
  }

  private constructor(
    json: Buffer,
    plain: Buffer,
    packed: Buffer,
    places: readonly SpanPlace[],
    packedPlaces: readonly SpanPlace[],
  ) {
    this.#json = { plain: json, packed: gzipSync(json) };
    this.#plain = plain;
    this.#packed = packed;
    this.#places = places;
    this.#packedPlaces = packedPlaces;
  }

  /** The next batch, with ids that were never used; valid until the next call. */
  next(packing: Packing): Buffer {
    const ids = randomBytes(TRACE_ID_BYTES + SPAN_ID_BYTES);
    const start = BigInt(Date.now()) * NANOS_PER_MS;
    this.#patch(this.#plain, this.#places, ids, start);
    if (packing === "none") return this.#plain;
    if (packing === "whole") return gzipSync(this.#plain);
    this.#patch(this.#packed, this.#packedPlaces, ids, start);
    this.#packed.writeUInt32LE(crc32(this.#plain), this.#packed.length - GZIP_TRAILER_BYTES);
    return this.#packed;
  }

  /** The same spans as JSON. */
  json(packing: Packing): Buffer {
    return packing === "none" ? this.#json.plain : this.#json.packed;
  }

  check(): void {
    const packed = this.next("quick");
    if (!gunzipSync(packed).equals(this.#plain)) throw new Error("The packed body is not the plain one.");
  }

  #patch(body: Buffer, places: readonly SpanPlace[], ids: Buffer, startNano: bigint): void {
    for (const [index, { traceAt, spanAt, startAt, endAt }] of places.entries()) {
      ids.writeUInt32LE(index, TRACE_ID_BYTES - 4);
      ids.writeUInt32LE(index, TRACE_ID_BYTES + SPAN_ID_BYTES - 4);
      ids.copy(body, traceAt, 0, TRACE_ID_BYTES);
      ids.copy(body, spanAt, TRACE_ID_BYTES);
      const start = startNano - BigInt(index) * NANOS_PER_MS;
      body.writeBigUInt64LE(start, startAt);
      body.writeBigUInt64LE(start + DURATION_NANO, endAt);
    }
  }
}

/** Bytes that are no text's and no other mark's, so that they can be found, and that nothing is compressed by them. */
interface Mark {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly start: Buffer;
  readonly end: Buffer;
}

function createMark(): Mark {
  const bytes = (size: number) => randomBytes(size).map((byte) => byte | 0x80) as Buffer;
  return { traceId: bytes(TRACE_ID_BYTES), spanId: bytes(SPAN_ID_BYTES), start: bytes(8), end: bytes(8) };
}

function withMarks(request: JsonRequest, marks: readonly Mark[]): JsonRequest {
  const [resource] = request.resourceSpans;
  const [scope] = resource?.scopeSpans ?? [];
  if (resource === undefined || scope === undefined) throw new Error("The batch has no spans.");
  const spans = scope.spans.map((span, index) => {
    const mark = marks[index] ?? createMark();
    return {
      ...span,
      traceId: mark.traceId.toString("hex"),
      spanId: mark.spanId.toString("hex"),
      startTimeUnixNano: String(mark.start.readBigUInt64LE()),
      endTimeUnixNano: String(mark.end.readBigUInt64LE()),
    };
  });
  return { resourceSpans: [{ ...resource, scopeSpans: [{ ...scope, spans }] }] };
}

function findPlace(body: Buffer, { traceId, spanId, start, end }: Mark): SpanPlace {
  const find = (bytes: Buffer): number => {
    const at = body.indexOf(bytes);
    if (at < 0 || body.indexOf(bytes, at + 1) >= 0) throw new Error("A mark is not in the body once.");
    return at;
  };
  return { traceAt: find(traceId), spanAt: find(spanId), startAt: find(start), endAt: find(end) };
}

async function pack(
  plain: Buffer,
  places: readonly SpanPlace[],
): Promise<{ packed: Buffer; packedPlaces: readonly SpanPlace[] }> {
  const packer = new Packer();
  const packedPlaces: SpanPlace[] = [];
  let at = 0;
  for (const { traceAt, spanAt, startAt, endAt } of places) {
    await packer.write(plain.subarray(at, traceAt), LEVEL);
    at = endAt + 8;
    const open = plain.subarray(traceAt, at);
    await packer.write(open, 0);
    const openAt = GZIP_HEADER.length + packer.indexOf(open);
    packedPlaces.push({
      traceAt: openAt,
      spanAt: openAt + spanAt - traceAt,
      startAt: openAt + startAt - traceAt,
      endAt: openAt + endAt - traceAt,
    });
  }
  await packer.write(plain.subarray(at), LEVEL);
  const trailer = Buffer.alloc(GZIP_TRAILER_BYTES);
  trailer.writeUInt32LE(plain.length, 4);
  return { packed: Buffer.concat([GZIP_HEADER, await packer.end(), trailer]), packedPlaces };
}

/** Deflates piece by piece, some of them stored as they are. */
class Packer {
  readonly #deflate: DeflateRaw = createDeflateRaw({ level: LEVEL });
  #out = Buffer.alloc(0);

  constructor() {
    this.#deflate.on("data", (chunk: Buffer) => (this.#out = Buffer.concat([this.#out, chunk])));
  }

  async write(bytes: Buffer, level: number): Promise<void> {
    await new Promise<void>((resolve) => this.#deflate.params(level, constants.Z_DEFAULT_STRATEGY, resolve));
    this.#deflate.write(bytes);
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
  }

  /** Where bytes stand that were stored last. */
  indexOf(stored: Buffer): number {
    const at = this.#out.lastIndexOf(stored);
    if (at < 0) throw new Error("A piece was not stored as it is.");
    return at;
  }

  async end(): Promise<Buffer> {
    const ended = new Promise((resolve) => this.#deflate.once("end", resolve));
    this.#deflate.end();
    await ended;
    return this.#out;
  }
}
