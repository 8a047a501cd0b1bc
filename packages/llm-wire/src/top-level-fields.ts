import { parseJson } from "./json-fields.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;

/** One member of a JSON object of the top level, by its places in the text. */
export interface TopLevelMember {
  /** The key as it is written, escapes and all. */
  readonly key: string;
  /** Where the key's opening quote stands. */
  readonly start: number;
  /** Where the value starts, and the place after its last character. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * Reads some top-level fields of a JSON object without building the rest: prompts and embeddings are megabytes, and are
 * skipped at the speed of a text search. A field that is absent, or comes after a place that is no JSON, is left out.
 */
export function readTopLevelFields(json: string, names: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = Object.create(null);
  let missing = names.length;
  visitTopLevel(json, ({ key, valueStart, valueEnd }) => {
    if (!names.includes(key)) return true;
    if (!(key in found)) missing -= 1;
    found[key] = parseJson(json.slice(valueStart, valueEnd));
    return missing > 0;
  });
  return found;
}

/** The members of a JSON object in their order; `null` for text that is not one object and nothing else. */
export function listTopLevelMembers(json: string): readonly TopLevelMember[] | null {
  const members: TopLevelMember[] = [];
  const end = visitTopLevel(json, (member) => members.push(member) > 0);
  return end !== -1 && skipSpace(json, end) === json.length ? members : null;
}

/**
 * Shows the members of the JSON object that the text begins with until `visit` returns false.
 * @returns the place after the object, -1 when it was not read to its end
 */
function visitTopLevel(json: string, visit: (member: TopLevelMember) => boolean): number {
  let position = skipSpace(json, 0);
  if (json.charCodeAt(position) !== OPEN_BRACE) return -1;
  const first = skipSpace(json, position + 1);
  if (json.charCodeAt(first) === CLOSE_BRACE) return first + 1;
  for (;;) {
    const start = skipSpace(json, position + 1);
    if (json.charCodeAt(start) !== QUOTE) return -1;
    const keyEnd = findStringEnd(json, start);
    const colon = skipSpace(json, keyEnd);
    if (json.charCodeAt(colon) !== COLON) return -1;
    position = findValueEnd(json, colon + 1);
    if (position === -1) return -1;
    const valueStart = skipSpace(json, colon + 1);
    const valueEnd = trimSpace(json, position);
    if (!visit({ key: json.slice(start + 1, keyEnd - 1), start, valueStart, valueEnd })) return -1;
    const code = json.charCodeAt(position);
    if (code === CLOSE_BRACE) return position + 1;
    if (code !== COMMA) return -1;
  }
}

/** The place after the last character before `end` that is no space. */
function trimSpace(json: string, end: number): number {
  let position = end;
  while (position > 0 && isSpace(json.charCodeAt(position - 1))) position -= 1;
  return position;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function skipSpace(json: string, from: number): number {
  let position = from;
  while (isSpace(json.charCodeAt(position))) position += 1;
  return position;
}

/** The position after the string's closing quote, or the text's end. */
function findStringEnd(json: string, open: number): number {
  let close = json.indexOf('"', open + 1);
  while (close !== -1) {
    let slashes = 0;
    while (json.charCodeAt(close - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return close + 1;
    close = json.indexOf('"', close + 1);
  }
  return json.length;
}

/** The position of the comma or brace that ends a value of the top level; -1 when the text ends first. */
function findValueEnd(json: string, from: number): number {
  let depth = 0;
  for (let position = from; position < json.length; position += 1) {
    const code = json.charCodeAt(position);
    if (code === QUOTE) position = findStringEnd(json, position) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (depth === 0 && (code === COMMA || code === CLOSE_BRACE)) return position;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
  }
  return -1;
}
