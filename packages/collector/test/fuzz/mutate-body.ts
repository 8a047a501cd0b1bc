import type { Random } from "./random.ts";
import { copyNode, encodeTree, listFields, parseTree, type WireNode } from "./wire-tree.ts";
import { rawVarint } from "./wire-writer.ts";

/** Longer bodies are cut off, so that they do not grow from one mutation to the next. */
const MAX_BODY_BYTES = 32_768;
const ODD_BYTES = [0x00, 0x01, 0x07, 0x08, 0x0a, 0x12, 0x4a, 0x7f, 0x80, 0xff];
const ODD_VARINTS = [0n, 1n, 127n, 128n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

/** A body that differs from another one in a few fields or bytes; parts of it may come from a third. */
export function mutateBody(body: Buffer, other: Buffer, random: Random): Buffer {
  const tree = random.chance(0.5) ? parseTree(body) : undefined;
  const mutated = tree === undefined ? mutateBytes(body, other, random) : mutateFields(tree, other, random);
  return mutated.length > MAX_BODY_BYTES ? mutated.subarray(0, MAX_BODY_BYTES) : mutated;
}

/** Changes fields and keeps every length right, so that what is behind the change is reached too. */
function mutateFields(tree: WireNode[], other: Buffer, random: Random): Buffer {
  for (let times = 1 + random.below(4); times > 0; times -= 1) mutateField(tree, other, random);
  return encodeTree(tree);
}

function mutateField(tree: WireNode[], other: Buffer, random: Random): void {
  const fields = random.pick(listFields(tree));
  const at = random.below(fields.length + 1);
  const node = fields[at];
  if (node === undefined || random.chance(0.15)) {
    const donors = listFields(parseTree(other) ?? []).flat();
    if (donors.length > 0) fields.splice(at, 0, copyNode(random.pick(donors)));
    return;
  }
  switch (random.below(7)) {
    case 0:
      fields.splice(at, 1);
      break;
    case 1:
      fields.splice(random.below(fields.length + 1), 0, copyNode(node));
      break;
    case 2:
      fields.splice(at, 1);
      fields.splice(random.below(fields.length + 1), 0, node);
      break;
    case 3:
      node.number = 1 + random.below(random.chance(0.9) ? 16 : 3_000);
      break;
    case 4:
      retype(node, random);
      break;
    case 5:
      // A list that is one entry, many times.
      for (let times = random.smallBelow(300); times > 0; times -= 1) fields.push(node);
      break;
    default:
      mutateContent(node, random);
  }
}

function retype(node: WireNode, random: Random): void {
  node.wireType = random.pick([0, 1, 2, 3, 4, 5]);
  node.children = undefined;
  node.content = createContent(node.wireType, random);
}

function mutateContent(node: WireNode, random: Random): void {
  if (node.wireType !== 2 || random.chance(0.3)) node.content = createContent(node.wireType, random);
  else if (node.children === undefined) node.content = mutateBytes(node.content, node.content, random);
  else node.children = [];
}

function createContent(wireType: number, random: Random): Buffer {
  switch (wireType) {
    case 0:
      return rawVarint(random.pick(ODD_VARINTS), 1 + random.smallBelow(10));
    case 1:
      return random.chance(0.5) ? random.bytes(8) : Buffer.alloc(8, random.pick(ODD_BYTES));
    case 2:
      return random.bytes(random.smallBelow(300));
    case 5:
      return random.bytes(4);
    default:
      return Buffer.alloc(0);
  }
}

/** Changes bytes, of whatever they are part. */
function mutateBytes(body: Buffer, other: Buffer, random: Random): Buffer {
  let changed: Buffer = Buffer.from(body);
  for (let times = 1 + random.smallBelow(6); times > 0; times -= 1) changed = mutateOnce(changed, other, random);
  return changed;
}

function mutateOnce(body: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.below(body.length + 1);
  const size = random.smallBelow(64);
  switch (random.below(9)) {
    case 0:
      if (at < body.length) body[at] = (body[at] ?? 0) ^ (1 << random.below(8));
      return body;
    case 1:
      if (at < body.length) body[at] = random.bits();
      return body;
    case 2:
      if (at < body.length) body[at] = random.pick(ODD_BYTES);
      return body;
    case 3:
      if (at < body.length) body[at] = (body[at] ?? 0) + random.pick([-1, 1]);
      return body;
    case 4:
      return body.subarray(0, at);
    case 5:
      return Buffer.concat([body.subarray(0, at), body.subarray(at + size)]);
    case 6:
      return Buffer.concat([body.subarray(0, at), body.subarray(at, at + size), body.subarray(at)]);
    case 7:
      return Buffer.concat([
        body.subarray(0, at),
        rawVarint(random.pick(ODD_VARINTS)),
        body.subarray(at + random.below(3)),
      ]);
    default:
      return Buffer.concat([body.subarray(0, at), other.subarray(random.below(other.length + 1))]);
  }
}
