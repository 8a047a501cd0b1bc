/** Longest numeral that is read: nobody writes a longer amount, and the time to read one grows with the square of its length. */
const MAX_LENGTH = 100;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads a decimal numeral as an integer scaled by `10 ** scale`, exactly.
 * @returns `null` when the text is no decimal numeral, is longer than 100 characters, or has digits finer than `scale` other than zeros.
 */
export function parseDecimal(text: string, scale: number): bigint | null {
  if (text.length > MAX_LENGTH) return null;
  const match = DECIMAL.exec(text.trim());
  if (match === null) return null;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole + fraction;
  if (digits === "") return null;
  const shift = scale - fraction.length + Number(exponent);
  const magnitude = shift >= 0 ? BigInt(digits) * 10n ** BigInt(shift) : dropZeros(digits, -shift);
  if (magnitude === null) return null;
  return sign === "-" ? -magnitude : magnitude;
}

/** Reads a double as the shortest decimal that denotes it (what its author wrote), scaled by `10 ** scale`. */
export function decimalFromNumber(value: number, scale: number): bigint | null {
  return Number.isFinite(value) ? parseDecimal(String(value), scale) : null;
}

/** Writes an integer scaled by `10 ** scale` as a plain decimal numeral without trailing zeros ("0.0125", "3", "-0.5"). */
export function formatDecimal(value: bigint, scale: number): string {
  const sign = value < 0n ? "-" : "";
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return fraction === "" ? sign + whole : `${sign}${whole}.${fraction}`;
}

/** Divides non-negative integers, rounding half away from zero, as ClickHouse's `round` of a Decimal does. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend * 2n + divisor) / (divisor * 2n);
}

function dropZeros(digits: string, count: number): bigint | null {
  const keep = Math.max(digits.length - count, 0);
  if (/[1-9]/.test(digits.slice(keep))) return null;
  return BigInt(digits.slice(0, keep) || "0");
}
