import type { KeyObject } from "node:crypto";
import { type ClaimRefusal, reportFailure } from "../report-failure.ts";
import { loadCrypto } from "./node-builtins.ts";
import { checkSigningKeys, type SigningKey } from "./signing-keys.ts";

/** First line of the canonical form of a header. */
export const HEADER_FORM = "spancost-attribution-v1";
/** First line of the canonical form of a carrier: a carrier lives long, and its signature must never pass in a header. */
export const CARRIER_FORM = "spancost-carrier-v1";

/** `v1.<key id>.<expiry, Unix seconds>.<43 characters of base64url>`. */
const SIGNATURE = /^v1\.([A-Za-z0-9_-]{1,64})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})$/;

/** Whether a signature holds, and until when in Unix seconds it is believed. */
export type Verdict =
  | { readonly ok: true; readonly believedUntil: number }
  | { readonly ok: false; readonly reason: ClaimRefusal };

/** What is signed: the form's first line, and all that follows the expiry. */
export interface SignedText {
  readonly form: typeof HEADER_FORM | typeof CARRIER_FORM;
  readonly lines: readonly string[];
}

/** Options of a `Signer`. */
export interface SignerOptions {
  /** The first signs, all verify. */
  readonly keys: readonly SigningKey[];
  /** Seconds that a signature is believed for. */
  readonly lifeSeconds: number;
  /** Seconds that clocks of two hosts may differ by. */
  readonly clockSkewSeconds: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Signs and verifies attribution. Wrong keys, or a runtime without crypto, are reported; then nothing is signed and nothing verifies. */
export class Signer {
  readonly #options: SignerOptions;
  readonly #crypto: ReturnType<typeof loadCrypto> | undefined;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #signingKeyId: string | undefined;

  constructor(options: SignerOptions) {
    this.#options = options;
    const crypto = options.keys.length === 0 ? undefined : loadCrypto();
    const checked = checkSigningKeys(options.keys);
    if (!checked.ok) reportFailure("invalid_boundary", `nothing is signed and nothing verifies: ${checked.problem}`);
    const usable = crypto === undefined || !checked.ok ? [] : checked.keys;
    this.#crypto = crypto;
    this.#keys = new Map(usable.flatMap(({ id, key }) => (crypto ? [[id, crypto.createSecretKey(key)]] : [])));
    this.#signingKeyId = usable[0]?.id;
  }

  /** Whether there is a key to sign with. */
  get canSign(): boolean {
    return this.#signingKeyId !== undefined;
  }

  /** Signs from now on for the configured life; `undefined` without a key. */
  sign(text: SignedText): string | undefined {
    if (this.#signingKeyId === undefined) return undefined;
    const expiry = String(Math.floor(this.#options.now() / 1_000) + this.#options.lifeSeconds);
    const mac = this.#authenticate(text, this.#signingKeyId, expiry);
    return mac === undefined ? undefined : `v1.${this.#signingKeyId}.${expiry}.${mac}`;
  }

  /** Verifies in constant time; never throws on a signature that is none. */
  verify(text: SignedText, signature: string): Verdict {
    const [, keyId, expiry, given] = SIGNATURE.exec(signature) ?? [];
    if (keyId === undefined || expiry === undefined || given === undefined) return refuse("bad_signature");
    const expected = this.#authenticate(text, keyId, expiry);
    if (expected === undefined) return refuse("unknown_key");
    if (!this.#isEqual(expected, given)) return refuse("bad_signature");
    const believedUntil = Number(expiry) + this.#options.clockSkewSeconds;
    return this.#options.now() / 1_000 > believedUntil ? refuse("expired") : { ok: true, believedUntil };
  }

  #authenticate({ form, lines }: SignedText, keyId: string, expiry: string): string | undefined {
    const key = this.#keys.get(keyId);
    if (key === undefined || this.#crypto === undefined) return undefined;
    const canonical = [form, keyId, expiry, ...lines, ""].join("\n");
    return this.#crypto.createHmac("sha256", key).update(canonical, "utf8").digest("base64url");
  }

  /** Texts and not bytes: the last character of base64url has two bits that decoding would ignore. */
  #isEqual(expected: string, given: string): boolean {
    const encoder = new TextEncoder();
    return this.#crypto?.timingSafeEqual(encoder.encode(expected), encoder.encode(given)) ?? false;
  }
}

function refuse(reason: ClaimRefusal): Verdict {
  return { ok: false, reason };
}
