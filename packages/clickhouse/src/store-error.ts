/** What can go wrong in the store. */
export type StoreErrorCode =
  | "engine-not-started"
  | "folder-in-use"
  | "insert-failed"
  | "migration-failed"
  | "query-refused"
  | "query-failed";

/** The one error of this package; `message` says what failed, the value seen, the value expected and the remedy. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}
