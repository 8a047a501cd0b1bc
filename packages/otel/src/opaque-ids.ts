import { diag } from "@opentelemetry/api";
import { ATTRIBUTION_KEYS } from "@spancost/core";
import { loadCrypto } from "./boundary/node-builtins.ts";
import { createProcessSetting } from "./process-setting.ts";
import { countFailure, reportFailure } from "./report-failure.ts";

/** Fields that can be hashed. */
export type HashedField = "tenantId" | "userId";

/** Replaces ids before they reach a span or the wire. */
export interface HashIdsOptions {
  /** Secret of at least 32 bytes, the same in every process of the app; another key makes other ids. */
  readonly key: Uint8Array;
  /** @default both, `tenantId` and `userId` */
  readonly fields?: readonly HashedField[] | undefined;
}

/** Bytes: the length of an HMAC-SHA-256, below which RFC 2104 section 3 advises against a key. */
const MIN_KEY_BYTES = 32;
/** Hexadecimal digits of 128 bits: among 10^12 ids, two are the same with a chance below 10^-14. */
const HASH_DIGITS = 32;
const HASHED = /^h_[0-9a-f]{32}$/;
const PERSONAL_FIELDS: ReadonlySet<string> = new Set(["tenantId", "userId", "feature"]);

type Protect = (field: HashedField, text: string) => string | undefined;

interface Hashing {
  readonly hash: Protect;
  readonly fields: ReadonlySet<string>;
}

const hashing = createProcessSetting("hashIds", (options: HashIdsOptions): Hashing => ({
  hash: createHash(options.key),
  fields: new Set(options.fields ?? ["tenantId", "userId"]),
}));
const warned = new Set<string>();

/** Sets, or with `undefined` ends, the hashing of ids from now on; with a key that is too short the fields are left empty. */
export function setHashIds(options: HashIdsOptions | undefined): void {
  hashing.set(options);
}

/**
 * Makes a value fit to leave the app: `h_` and 128 bits of HMAC-SHA-256 in hexadecimal over `<wire name>=<value>` where hashing is on
 * (`undefined` when that is impossible), else the value itself, with one warning a field when it looks like an e-mail address. A value that is
 * such a hash already stays.
 */
export function protectId(field: string, text: string): string | undefined {
  const active = hashing.get();
  if (active !== undefined && isHashedField(field, active)) return HASHED.test(text) ? text : active.hash(field, text);
  if (PERSONAL_FIELDS.has(field) && looksLikeEmail(text)) warnOnce(field);
  return text;
}

function createHash(key: Uint8Array): Protect {
  const crypto = loadCrypto();
  if (crypto === undefined || !(key instanceof Uint8Array) || key.length < MIN_KEY_BYTES) {
    return () => {
      reportFailure(
        "invalid_boundary",
        `ids cannot be hashed and are left out: hashIds.key must be a Uint8Array of at least ${MIN_KEY_BYTES} bytes`,
      );
      return undefined;
    };
  }
  const secret = crypto.createSecretKey(key);
  return (field, text) => {
    const mac = crypto.createHmac("sha256", secret).update(`${ATTRIBUTION_KEYS[field]}=${text}`, "utf8");
    return `h_${mac.digest("hex").slice(0, HASH_DIGITS)}`;
  };
}

function isHashedField(field: string, { fields }: Hashing): field is HashedField {
  return fields.has(field);
}

function looksLikeEmail(text: string): boolean {
  const at = text.indexOf("@");
  return at > 0 && text.indexOf(".", at) > at + 1 && !text.includes(" ") && !text.endsWith(".");
}

function warnOnce(field: string): void {
  countFailure("personal_id");
  if (warned.has(field)) return;
  warned.add(field);
  try {
    diag.warn(
      `spancost: ${field} looks like an e-mail address, and goes onto every span: give an opaque id, or set hashIds ` +
        "(reported once a field; see getOtelCounters().personal_id)",
    );
  } catch {
    // A logger that throws is the app's own.
  }
}
