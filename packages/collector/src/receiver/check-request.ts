import type { IncomingMessage } from "node:http";
import type { Sender } from "../accept-export.ts";
import type { OtlpEncoding } from "../otlp/encode-response.ts";
import type { Authenticate } from "./authenticate.ts";
import { RequestError } from "./request-error.ts";

/** A request whose headers are fine: what it brings, and who sends it. */
export interface CheckedRequest {
  readonly signal: "traces" | "ignored";
  readonly sender: Sender;
}

const TRACES_PATH = "/v1/traces";
/** Signals that stock SDKs send to the same endpoint: taken, so that they report no errors, and thrown away. */
const IGNORED_PATHS: ReadonlySet<string> = new Set(["/v1/metrics", "/v1/logs"]);

/** Checks all that can be checked before the body is read. @throws RequestError */
export function checkRequest(request: IncomingMessage, authenticate: Authenticate): CheckedRequest {
  const { headers } = request;
  const caller = { authorization: headers.authorization, host: headers.host };
  const who = authenticate({ ...caller, remoteAddress: request.socket.remoteAddress });
  if (!who.ok) throw new RequestError(who.reason, who.message);
  const path = readPath(request);
  const isIgnored = IGNORED_PATHS.has(path);
  if (path !== TRACES_PATH && !isIgnored)
    throw new RequestError("not-found", `${path} is not served here; traces go to ${TRACES_PATH}.`);
  if (request.method !== "POST") {
    const method = request.method ?? "This method";
    throw new RequestError("method-not-allowed", `${method} is not supported on ${path}; use POST.`);
  }
  if (readEncoding(request) === null) {
    const type = JSON.stringify(headers["content-type"] ?? "");
    throw new RequestError(
      "unsupported-encoding",
      `Content-Type ${type} is not supported; send application/x-protobuf or application/json.`,
    );
  }
  return { signal: isIgnored ? "ignored" : "traces", sender: who.sender };
}

/** How a request's body is encoded, or null when by no encoding of OTLP. */
export function readEncoding(request: IncomingMessage): OtlpEncoding | null {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type === "application/x-protobuf" || type === "application/protobuf") return "protobuf";
  return type === "application/json" ? "json" : null;
}

function readPath(request: IncomingMessage): string {
  const target = request.url ?? "/";
  if (target === TRACES_PATH) return target;
  try {
    return new URL(target, "http://receiver").pathname;
  } catch {
    throw new RequestError("damaged", `The request's target is no URL; traces go to ${TRACES_PATH}.`);
  }
}
