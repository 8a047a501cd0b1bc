import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { isLoopback } from "../config/load-config.ts";

/** Whether a request may ask. */
export type Authorize = (request: IncomingMessage) => boolean;

/**
 * With a token, a request must carry it. Without one the server listens on loopback only, and the request must be addressed to
 * loopback by name as well: a web page whose own name was pointed at this machine must not read anybody's spend.
 */
export function createAuthorize(token: string | null): Authorize {
  if (token === null) return (request) => isAddressedToLoopback(request);
  const wanted = digest(token);
  return (request) => readTokens(request.headers).some((given) => timingSafeEqual(digest(given), wanted));
}

/** Whether a request carries the admin token; never when there is none. */
export function createAuthorizeAdmin(adminToken: string | null): Authorize {
  return adminToken === null ? () => false : createAuthorize(adminToken);
}

function isAddressedToLoopback(request: IncomingMessage): boolean {
  return isLoopback(readHostName(request.headers.host ?? ""));
}

/** The name in a Host header, without its port and an IPv6 address's brackets. */
export function readHostName(host: string): string {
  return host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

/** The tokens where HTTP and ClickHouse clients put them. */
export function readTokens(headers: IncomingHttpHeaders): string[] {
  const [scheme = "", value = ""] = (headers.authorization ?? "").split(" ");
  const key = headers["x-clickhouse-key"];
  const tokens = typeof key === "string" ? [key] : [];
  if (scheme.toLowerCase() === "bearer") tokens.push(value);
  if (scheme.toLowerCase() === "basic")
    tokens.push(
      Buffer.from(value, "base64")
        .toString("utf8")
        .replace(/^[^:]*:/, ""),
    );
  return tokens;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
