import { createHash, randomBytes } from "node:crypto";
import { type Authenticate, type Sender, UNBOUND_SENDER } from "@spancost/collector";
import { isLoopback } from "../config/load-config.ts";
import type { IngestToken } from "../config/load-ingest-tokens.ts";
import { readHostName, readTokens } from "./authorize.ts";

/** The tokens that the receivers know. */
export interface SenderTokens {
  /** May do everything; null when there is none. */
  readonly token: string | null;
  /** May not send; null when there is none. */
  readonly adminToken: string | null;
  readonly ingestTokens: readonly IngestToken[];
}

const UNAUTHENTICATED = {
  ok: false,
  reason: "unauthenticated",
  message:
    "This receiver needs a token, as Authorization: Bearer <token>; one without tokens must be addressed as 127.0.0.1 or localhost.",
} as const;
const FORBIDDEN = {
  ok: false,
  reason: "forbidden",
  message: "The admin token may not send spans. Use SPANCOST_TOKEN, or a token of SPANCOST_INGEST_TOKENS.",
} as const;

/**
 * Tells the receivers whose token a request carries. Without any token the server listens on loopback only, and the request must be
 * addressed to loopback by name, so that no web page can send spans.
 */
export function createAuthenticateSender({ token, adminToken, ingestTokens }: SenderTokens): Authenticate {
  if (token === null && ingestTokens.length === 0) {
    const anybody = { ok: true, sender: UNBOUND_SENDER } as const;
    return ({ host = "" }) => (isLoopback(readHostName(host)) ? anybody : UNAUTHENTICATED);
  }
  // Digests under a key of this process: how long the look-up takes says nothing of the tokens.
  const key = randomBytes(32);
  const digest = (text: string): string => createHash("sha256").update(key).update(text).digest("base64");
  const known = new Map<string, Sender | "admin">();
  if (adminToken !== null) known.set(digest(adminToken), "admin");
  for (const entry of ingestTokens) known.set(digest(entry.token), toSender(entry));
  if (token !== null) known.set(digest(token), UNBOUND_SENDER);
  return ({ authorization }) => {
    const found = readTokens(authorization === undefined ? {} : { authorization }).map((given) =>
      known.get(digest(given)),
    );
    const sender = found.find((one) => one !== undefined);
    if (sender === undefined) return UNAUTHENTICATED;
    return sender === "admin" ? FORBIDDEN : { ok: true, sender };
  };
}

function toSender({ tenants, services }: IngestToken): Sender {
  return {
    tenants: tenants === undefined ? null : new Set(tenants),
    services: services === undefined ? null : new Set(services),
  };
}
