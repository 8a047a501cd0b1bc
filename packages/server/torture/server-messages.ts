import type { ServerFlags } from "@spancost/server";

/** What the spool's disk answers: as it should, that it is full, or an error now and then. */
export type DiskFault = "none" | "full" | "flaky";

/** To the process of the server. */
export type ToServer =
  | { readonly type: "start"; readonly flags: ServerFlags; readonly clockOffsetMs: number; readonly times: ServerTimes }
  | { readonly type: "clock"; readonly offsetMs: number }
  | { readonly type: "disk"; readonly fault: DiskFault }
  | { readonly type: "stop" };

/** From the process of the server. */
export type FromServer =
  | { readonly type: "ready"; readonly urls: ServerUrls }
  | { readonly type: "failed"; readonly message: string };

/** Addresses by listener. */
export interface ServerUrls {
  readonly api: string;
  readonly otlp: string;
  readonly grpc: string;
}

/** `quick` so that much happens in a round; `normal` is what users have. */
export type ServerTimes = "quick" | "normal";
