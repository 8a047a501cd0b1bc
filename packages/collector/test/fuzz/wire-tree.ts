import type { DescMessage } from "@bufbuild/protobuf";
import { ExportTraceServiceRequestSchema } from "../../src/otlp/generated/otlp-trace_pb.ts";
import { fieldKey, rawVarint } from "./wire-writer.ts";

/** A field of a body, taken apart as far as the messages of OTLP go. */
export interface WireNode {
  number: number;
  wireType: number;
  /** Bytes of the key, and of the length where there is one: some writers take more than they need. */
  readonly keyBytes: number;
  readonly lengthBytes: number;
  /** What follows the key, without a length. */
  content: Buffer;
  /** The fields in it, where it is a message that could be taken apart; then `content` is not looked at. */
  children: WireNode[] | undefined;
}

/** Takes a body apart; `undefined` when it is damaged at the outermost level. */
export function parseTree(
  body: Buffer,
  schema: DescMessage = ExportTraceServiceRequestSchema,
  depth = 0,
): WireNode[] | undefined {
  const MAX_DEPTH = 40;
  const nodes: WireNode[] = [];
  for (let at = 0; at < body.length;) {
    const key = readVarint(body, at);
    if (key === undefined || key.value < 8) return undefined;
    const [number, wireType] = [Math.floor(key.value / 8), key.value % 8];
    const range = readRange(body, key.end, wireType);
    if (range === undefined) return undefined;
    const content = body.subarray(range.start, range.end);
    const message = schema.fields.find((field) => field.number === number)?.message;
    const children =
      wireType === 2 && message !== undefined && depth < MAX_DEPTH ? parseTree(content, message, depth + 1) : undefined;
    const [keyBytes, lengthBytes] = [key.end - at, wireType === 2 ? range.start - key.end : 1];
    nodes.push({ number, wireType, keyBytes, lengthBytes, content, children });
    at = range.end;
  }
  return nodes;
}

/** The body again, with lengths that are right. */
export function encodeTree(nodes: readonly WireNode[]): Buffer {
  return Buffer.concat(
    nodes.flatMap(({ number, wireType, keyBytes, lengthBytes, content, children }) => {
      const inner = children === undefined ? content : encodeTree(children);
      const key = fieldKey(number, wireType, keyBytes);
      return wireType === 2 ? [key, rawVarint(BigInt(inner.length), lengthBytes), inner] : [key, inner];
    }),
  );
}

/** Every list of fields in a tree: the body's and each message's. */
export function listFields(nodes: WireNode[]): WireNode[][] {
  return [nodes, ...nodes.flatMap(({ children }) => (children === undefined ? [] : listFields(children)))];
}

export function copyNode(node: WireNode): WireNode {
  return { ...node, children: node.children?.map(copyNode) };
}

function readRange(body: Buffer, at: number, wireType: number): { start: number; end: number } | undefined {
  const fixed = wireType === 1 ? 8 : wireType === 5 ? 4 : undefined;
  if (fixed !== undefined) return at + fixed <= body.length ? { start: at, end: at + fixed } : undefined;
  if (wireType === 3 || wireType === 4) return { start: at, end: at };
  if (wireType > 5) return undefined;
  const varint = readVarint(body, at);
  if (varint === undefined) return undefined;
  if (wireType === 0) return { start: at, end: varint.end };
  const end = varint.end + varint.value;
  return end <= body.length ? { start: varint.end, end } : undefined;
}

function readVarint(body: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let count = 0; count < 10; count += 1) {
    const byte = body[at + count];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * count);
    if (byte < 0x80) return { value, end: at + count + 1 };
  }
  return undefined;
}
