/** What can go wrong in the demo. */
export type DemoErrorCode =
  | "spancost-not-built"
  | "spancost-failed"
  | "call-failed"
  | "calls-missing"
  | "report-failed";

/** A failure of the demo, with a message for the person who runs it. */
export class DemoError extends Error {
  override readonly name = "DemoError";
  readonly code: DemoErrorCode;

  constructor(code: DemoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
