import { OtlpDecodeError } from "../otlp/otlp-decode-error.ts";
import type { OtlpSpan, SpanOrigin } from "../otlp/trace-data.ts";
import { toTextEntries } from "./to-text.ts";

/** Every row repeats its resource: most bytes of rows that one request may make of so few bytes on the wire. */
export const MAX_REPEATED_BYTES = 128 * 1024 * 1024;

/**
 * Adds up the bytes that the rows of spans repeat of their resources.
 * @throws OtlpDecodeError when they are more than rows can be made of
 */
export function countRepeatedBytes(spans: readonly OtlpSpan[]): number {
  const sizes = new Map<SpanOrigin["resourceAttributes"], number>();
  let repeatedBytes = 0;
  for (const { origin } of spans) {
    let size = sizes.get(origin.resourceAttributes);
    if (size === undefined) sizes.set(origin.resourceAttributes, (size = sizeOf(origin)));
    repeatedBytes += size;
    if (repeatedBytes > MAX_REPEATED_BYTES)
      throw new OtlpDecodeError(
        `Each of the ${spans.length} spans is stored with its resource, here of ${size} bytes: more than ${MAX_REPEATED_BYTES} bytes for one request. Send smaller batches, or resources with shorter attributes.`,
      );
  }
  return repeatedBytes;
}

function sizeOf({ resourceAttributes }: SpanOrigin): number {
  return toTextEntries(resourceAttributes, true).reduce((sum, [, value]) => sum + Buffer.byteLength(value) + 1, 0);
}
