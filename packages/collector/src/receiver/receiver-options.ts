import type { AcceptExport } from "../accept-export.ts";
import type { Logger } from "../logger.ts";
import type { Authenticate } from "./authenticate.ts";
import type { TlsIdentity } from "./create-http-listener.ts";
import type { InFlightLimit } from "./in-flight-limit.ts";

/** Requests by outcome since the start, for metrics. */
export type RequestCounts = Map<string, number>;

/** What the OTLP receivers have in common. */
export interface ReceiverOptions {
  /** Takes the traces. */
  readonly accept: AcceptExport;
  readonly authenticate: Authenticate;
  /** Largest body, in bytes, packed or unpacked. */
  readonly maxBodyBytes: number;
  /** Connections of this receiver at once. */
  readonly maxConnections: number;
  /** Requests under way, of all receivers that share it. */
  readonly inFlight: InFlightLimit;
  /** null is plain text. */
  readonly tls: TlsIdentity | null;
  readonly logger: Logger;
  /** Requests by outcome; the receiver counts into it. */
  readonly counts: RequestCounts;
}

export function countRequest(counts: RequestCounts, outcome: string): void {
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
}
