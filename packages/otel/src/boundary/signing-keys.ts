/** A secret that attribution is signed with. */
export interface SigningKey {
  /** 1 to 64 letters, digits, `_` or `-`; it is sent along, so that keys can be changed. */
  readonly id: string;
  /** At least 32 bytes. */
  readonly key: Uint8Array;
}

/** Keys, or what is wrong with them. */
export type SigningKeysResult =
  | { readonly ok: true; readonly keys: readonly SigningKey[] }
  | { readonly ok: false; readonly problem: string };

/** Bytes: the length of an HMAC-SHA-256, below which RFC 2104 section 3 advises against a key. */
const MIN_KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Reads `kid:base64key,kid2:base64key`, as `SPANCOST_SIGNING_KEYS` has it; the first key signs, all of them verify. */
export function parseSigningKeys(text: string): SigningKeysResult {
  const keys: SigningKey[] = [];
  for (const [index, part] of text.split(",").entries()) {
    const [id = "", encoded = ""] = part.trim().split(":", 2);
    const key = decodeBase64(encoded);
    if (key === undefined) return refuse(`signing key ${index + 1} must be <key id>:<base64 of its bytes>`);
    keys.push({ id, key });
  }
  return checkSigningKeys(keys);
}

/** Checks keys that were given as such: lengths, and that no id occurs twice. */
export function checkSigningKeys(keys: readonly SigningKey[]): SigningKeysResult {
  const ids = new Set<string>();
  for (const [index, { id, key }] of keys.entries()) {
    const name = `signing key ${index + 1}`;
    if (typeof id !== "string" || !KEY_ID.test(id)) return refuse(`the id of ${name} must match ${KEY_ID.source}`);
    if (ids.has(id)) return refuse(`${name} has the id of another key`);
    if (!(key instanceof Uint8Array) || key.length < MIN_KEY_BYTES) {
      return refuse(`${name} must have at least ${MIN_KEY_BYTES} bytes, for instance from: openssl rand -base64 32`);
    }
    ids.add(id);
  }
  return { ok: true, keys };
}

/** Accepts the alphabet of URLs too. */
function decodeBase64(text: string): Uint8Array | undefined {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  if (!BASE64.test(standard)) return undefined;
  try {
    return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** A problem names no part of a key. */
function refuse(problem: string): SigningKeysResult {
  return { ok: false, problem };
}
