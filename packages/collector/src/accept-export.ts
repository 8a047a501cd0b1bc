import type { OtlpEncoding } from "./otlp/encode-response.ts";

/** Whose spans a sender may send: what its token is bound to. `null` is anybody's. */
export interface Sender {
  readonly tenants: ReadonlySet<string> | null;
  readonly services: ReadonlySet<string> | null;
}

/** The sender whose token is bound to nothing. */
export const UNBOUND_SENDER: Sender = { tenants: null, services: null };

/** One OTLP export request for traces, whatever carried it. */
export interface ExportRequest {
  /** The message, unpacked. It is not changed, and must not be read when the outcome is known: its memory is given back then. */
  readonly body: Uint8Array;
  readonly encoding: OtlpEncoding;
  readonly sender: Sender;
}

/** What became of a request. `busy` and `unavailable` are for now: the sender keeps the data and sends it again. */
export type ExportOutcome =
  | { readonly ok: true; readonly rejectedSpans: number; readonly message: string }
  | {
      readonly ok: false;
      readonly reason: "busy" | "unavailable";
      readonly retryAfterSeconds: number;
      readonly message: string;
    };

/**
 * Takes the spans of a request; resolves when all that it accepts is durable, or none of it was taken.
 * @throws OtlpDecodeError when the body is no export request
 */
export type AcceptExport = (request: ExportRequest) => Promise<ExportOutcome>;
