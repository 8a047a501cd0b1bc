/** A body that is no OTLP export request; `message` says what is wrong and where. */
export class OtlpDecodeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OtlpDecodeError";
  }
}

/** How many spans one request may hold; SDKs and Collectors send some thousands at the most. */
export const MAX_SPANS = 100_000;
/** How many attributes, events or links one span may hold; SDKs stop at 128 of each. */
export const MAX_PARTS_OF_A_SPAN = 10_000;
/** How many keys, values, lists and maps one span or resource may be made of: more than the embeddings of a batch in one span. */
export const MAX_MESSAGES_OF_A_SPAN = 1_000_000;
/**
 * How many events, links, lists and maps one request may hold. Empty ones take two bytes of a body and a hundred of memory, so that the
 * limit on bodies does not bound them.
 */
export const MAX_CONTAINERS = 1_000_000;

/** @throws OtlpDecodeError when a body holds more than it may */
export function checkCount(count: number, max: number, what: string): void {
  if (count > max) throw new OtlpDecodeError(`The body holds more than ${max} ${what}. Send smaller batches.`);
}

/** How deep attribute values may nest before a body is refused. */
export const MAX_VALUE_DEPTH = 32;
