/** What can go wrong when the server starts or runs. */
export type ServerErrorCode = "bad-config" | "port-in-use" | "maintenance-elsewhere" | "stopping" | "spool-not-empty";

/** The one error of this package. */
export class ServerError extends Error {
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ServerError";
    this.code = code;
  }
}
