import { OtlpDecodeError } from "./otlp-decode-error.ts";

/** Wire types of Protocol Buffers. @see https://protobuf.dev/programming-guides/encoding */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const MAX_VARINT_BYTES = 10;
const utf8 = new TextDecoder("utf-8");

/** Reads Protocol Buffers from a range of bytes; every read checks the range, and fails with the offset. */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, view?: DataView) {
    this.#bytes = bytes;
    this.#view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** The next field's key: its number times eight, plus its wire type. */
  key(): number {
    const key = Number(this.varint());
    if (key < 8 || key > 0xffff_ffff) throw this.#fault(`${key} is no field key`);
    return key;
  }

  varint(): bigint {
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      small |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(small);
    }
    let value = BigInt(small);
    for (let index = 4; index < MAX_VARINT_BYTES; index += 1) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(index * 7);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw this.#fault("a varint is longer than 10 bytes");
  }

  /** A varint that is a signed 64-bit integer: a number where that is exact. */
  int64(): number | bigint {
    const value = BigInt.asIntN(64, this.varint());
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** A varint that names an enum value or is a truth value. */
  small(): number {
    return Number(BigInt.asIntN(32, this.varint()));
  }

  fixed64(): bigint {
    const at = this.#advance(8);
    return this.#view.getBigUint64(at, true);
  }

  double(): number {
    const at = this.#advance(8);
    return this.#view.getFloat64(at, true);
  }

  bytes(): Uint8Array {
    const size = this.#size();
    const at = this.#advance(size);
    return this.#bytes.subarray(at, at + size);
  }

  text(): string {
    return utf8.decode(this.bytes());
  }

  message(): ProtobufReader {
    const size = this.#size();
    const at = this.#advance(size);
    return new ProtobufReader(this.#bytes, at, at + size, this.#view);
  }

  /** Passes over a field of any number that a newer sender may have added. */
  skip(key: number): void {
    switch (key & 7) {
      case WIRE.varint:
        this.varint();
        return;
      case WIRE.fixed64:
        this.#advance(8);
        return;
      case WIRE.bytes:
        this.#advance(this.#size());
        return;
      case WIRE.fixed32:
        this.#advance(4);
        return;
      default:
        throw this.#fault(`wire type ${key & 7} is not used by OTLP`);
    }
  }

  #size(): number {
    const size = Number(this.varint());
    if (size > this.#end - this.#at) {
      throw this.#fault(`a field of ${size} bytes does not fit into the ${this.#end - this.#at} that are left`);
    }
    return size;
  }

  #byte(): number {
    return this.#bytes[this.#advance(1)] ?? 0;
  }

  #advance(sizeBytes: number): number {
    const at = this.#at;
    if (sizeBytes > this.#end - at)
      throw this.#fault(`${sizeBytes} more bytes were expected, ${this.#end - at} are left`);
    this.#at = at + sizeBytes;
    return at;
  }

  #fault(what: string): OtlpDecodeError {
    return new OtlpDecodeError(`The protobuf body is damaged at byte ${this.#at} of ${this.#bytes.length}: ${what}.`);
  }
}
