/** A body that is no OTLP export request; `message` says what is wrong and where. */
export class OtlpDecodeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OtlpDecodeError";
  }
}

/** How deep attribute values may nest before a body is refused. */
export const MAX_VALUE_DEPTH = 32;
