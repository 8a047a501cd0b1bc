/** Pairs in one `baggage` header. @see https://www.w3.org/TR/baggage/#limits, read 2026-11-20 */
const MAX_PAIRS = 180;
/** Bytes of one `baggage` header. @see https://www.w3.org/TR/baggage/#limits, read 2026-11-20 */
const MAX_HEADER_BYTES = 8_192;

/** A `token` of HTTP, which is what a key of baggage may be. @see RFC 9110, section 5.6.2 */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;

/** One member of a `baggage` header. */
export interface BaggageMember {
  /** As it stands, not decoded. */
  readonly key: string;
  /** As it stands, still percent-encoded. */
  readonly rawValue: string;
  /** What follows the first `;`. */
  readonly properties: string | undefined;
  /** The whole member without the space around it. */
  readonly text: string;
}

/** Splits a header into members, leaving out what is none and what lies beyond the limits. */
export function parseBaggage(header: string): readonly BaggageMember[] {
  const bounded = header.length > MAX_HEADER_BYTES ? header.slice(0, lastComma(header)) : header;
  const members: BaggageMember[] = [];
  for (const part of bounded.split(",", MAX_PAIRS)) {
    const member = parseMember(trim(part));
    if (member !== undefined) members.push(member);
  }
  return members;
}

/** Percent-encodes a value so that it is one for every reader; half of a surrogate pair becomes U+FFFD. */
export function encodeValue(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

/** Decodes a percent-encoded value; `undefined` when it is none. */
export function decodeValue(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

/** A header within the limits, and how many members did not fit into it. */
export interface JoinedBaggage {
  readonly header: string;
  readonly dropped: number;
}

/**
 * Joins our members and the app's own into one header. Ours go first and go together or not at all, since a part of them would name the wrong
 * payer; of the app's own, in their order, as many as fit.
 */
export function joinBaggage(ours: readonly string[], theirs: readonly string[]): JoinedBaggage {
  const first = ours.join(",");
  const fits = ours.length <= MAX_PAIRS && first.length <= MAX_HEADER_BYTES;
  let header = fits ? first : "";
  let pairs = fits ? ours.length : 0;
  let dropped = fits ? 0 : ours.length;
  for (const member of theirs) {
    const joined = header === "" ? member : `${header},${member}`;
    if (pairs >= MAX_PAIRS || joined.length > MAX_HEADER_BYTES) {
      dropped += 1;
      continue;
    }
    header = joined;
    pairs += 1;
  }
  return { header, dropped };
}

/** The end of the last member that lies wholly within the limit. */
function lastComma(header: string): number {
  return Math.max(header.lastIndexOf(",", MAX_HEADER_BYTES), 0);
}

function parseMember(text: string): BaggageMember | undefined {
  const semicolon = text.indexOf(";");
  const pair = semicolon < 0 ? text : text.slice(0, semicolon);
  const equals = pair.indexOf("=");
  if (equals <= 0) return undefined;
  return {
    key: trim(pair.slice(0, equals)),
    rawValue: trim(pair.slice(equals + 1)),
    properties: semicolon < 0 ? undefined : text.slice(semicolon + 1),
    text,
  };
}

/** Takes off space and tab only: HTTP knows no other, and a regular expression would take quadratic time on a hostile header. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
