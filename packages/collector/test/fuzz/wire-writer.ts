/** Fields of Protocol Buffers as bytes, for bodies of tests; every way of writing them that a correct writer would not use as well. */

export function message(...fields: Uint8Array[]): Buffer {
  return Buffer.concat(fields);
}

/** A varint; with a width it is longer than it need be. */
export function rawVarint(value: bigint, widthBytes = 1): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n || out.length + 1 < widthBytes; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return Buffer.from([...out, Number(rest)]);
}

export function fieldKey(number: number, wireType: number, widthBytes = 1): Buffer {
  return rawVarint((BigInt(number) << 3n) | BigInt(wireType), widthBytes);
}

export function varint(number: number, value: bigint): Buffer {
  return Buffer.concat([fieldKey(number, 0), rawVarint(value)]);
}

export function bytes(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([fieldKey(number, 2), rawVarint(BigInt(content.length)), content]);
}

export function text(number: number, content: string): Buffer {
  return bytes(number, Buffer.from(content, "utf8"));
}

export function fixed32(number: number, value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return Buffer.concat([fieldKey(number, 5), out]);
}

export function fixed64(number: number, value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt.asUintN(64, value));
  return Buffer.concat([fieldKey(number, 1), out]);
}

export function double(number: number, value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeDoubleLE(value);
  return Buffer.concat([fieldKey(number, 1), out]);
}

/** A group, which OTLP has nowhere. */
export function group(number: number, ...fields: Uint8Array[]): Buffer {
  return Buffer.concat([fieldKey(number, 3), ...fields, fieldKey(number, 4)]);
}
