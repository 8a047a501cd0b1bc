import type { Sender } from "../accept-export.ts";

/** What a receiver knows of who is calling, before it reads the body. */
export interface Caller {
  /** The Authorization header or metadata. */
  readonly authorization: string | undefined;
  /** The name that the caller addressed: `Host`, or `:authority` over HTTP/2. */
  readonly host: string | undefined;
  readonly remoteAddress: string | undefined;
}

/** Who a caller is, or why it may not send. */
export type Authentication =
  | { readonly ok: true; readonly sender: Sender }
  | { readonly ok: false; readonly reason: "unauthenticated" | "forbidden"; readonly message: string };

/** Tells who is calling; asked once a request, so it must be fast. */
export type Authenticate = (caller: Caller) => Authentication;
