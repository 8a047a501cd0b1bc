import { parseJson } from "./json-fields.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;

/**
 * Reads some top-level fields of a JSON object without building the rest: prompts and embeddings are megabytes, and are
 * skipped at the speed of a text search. A field that is absent, or comes after a place that is no JSON, is left out.
 */
export function readTopLevelFields(json: string, names: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = Object.create(null);
  let missing = names.length;
  let position = skipSpace(json, 0);
  if (json.charCodeAt(position) !== OPEN_BRACE) return found;
  while (missing > 0) {
    position = skipSpace(json, position + 1);
    if (json.charCodeAt(position) !== QUOTE) break;
    const keyEnd = findStringEnd(json, position);
    const name = json.slice(position + 1, keyEnd - 1);
    position = skipSpace(json, keyEnd);
    if (json.charCodeAt(position) !== COLON) break;
    const end = findValueEnd(json, position + 1);
    if (end === -1) break;
    if (names.includes(name)) {
      if (!(name in found)) missing -= 1;
      found[name] = parseJson(json.slice(position + 1, end));
    }
    position = end;
    if (json.charCodeAt(position) !== COMMA) break;
  }
  return found;
}

function skipSpace(json: string, from: number): number {
  let position = from;
  for (let code = json.charCodeAt(position); code === 0x20 || (code >= 0x09 && code <= 0x0d);) {
    position += 1;
    code = json.charCodeAt(position);
  }
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
