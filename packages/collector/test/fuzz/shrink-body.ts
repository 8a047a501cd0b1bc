import { encodeTree, listFields, parseTree } from "./wire-tree.ts";

/** Checks that are spent on making one body smaller at the most. */
const MAX_CHECKS = 2_000;

/** A smaller body that fails as well: fields are left out, then runs of bytes, as long as it still does. */
export function shrinkBody(body: Buffer, fails: (candidate: Buffer) => boolean): Buffer {
  let smallest = body;
  let checks = 0;
  const tryBody = (candidate: Buffer): boolean => {
    if (candidate.length >= smallest.length || checks >= MAX_CHECKS) return false;
    checks += 1;
    if (!fails(candidate)) return false;
    smallest = candidate;
    return true;
  };
  while (tryAny(candidatesOf(smallest), tryBody));
  for (let size = smallest.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= smallest.length;) {
      if (!tryBody(Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]))) at += size;
    }
  }
  return smallest;
}

/** Whether one of them is taken; the others are not made. */
function tryAny(candidates: Iterable<Buffer>, tryBody: (candidate: Buffer) => boolean): boolean {
  for (const candidate of candidates) if (tryBody(candidate)) return true;
  return false;
}

/** The body without one of its fields, for each of them. */
function* candidatesOf(body: Buffer): Generator<Buffer> {
  const tree = parseTree(body);
  if (tree === undefined) return;
  for (const fields of listFields(tree)) {
    for (const [index, field] of Array.from(fields.entries())) {
      fields.splice(index, 1);
      yield encodeTree(tree);
      fields.splice(index, 0, field);
    }
  }
}
