/** What can go wrong in the spool. */
export type SpoolErrorCode = "write-failed" | "damaged";

/** A failure of the spool. */
export class SpoolError extends Error {
  readonly code: SpoolErrorCode;

  constructor(code: SpoolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SpoolError";
    this.code = code;
  }
}
