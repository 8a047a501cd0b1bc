import { Agent, request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { Wire } from "./bodies.ts";
import type { ServerUrls } from "./server-messages.ts";

/** What the receiver answered; `none` when there was no answer. */
export type Answer =
  | { readonly outcome: "acknowledged"; readonly body: Buffer }
  | { readonly outcome: "refused" | "damaged" | "none" }
  | { readonly outcome: "wrong"; readonly detail: string };

const TIMEOUT_MS = 15_000;
const GRPC_HEADER_BYTES = 5;
const EXPORT_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const GRPC_OK = "0";
const GRPC_INVALID_ARGUMENT = "3";
/** DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE: to be sent again. */
const GRPC_RETRYABLE: ReadonlySet<string> = new Set(["4", "8", "14"]);
const HTTP_RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** One sender's connections, kept open as an exporter's are. */
export class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #grpc: { readonly url: string; readonly session: ClientHttp2Session } | undefined;

  send(urls: ServerUrls, body: Buffer, wire: Wire): Promise<Answer> {
    return wire.protocol === "http" ? this.#post(urls.otlp, body, wire) : this.#call(urls.grpc, body, wire);
  }

  close(): void {
    this.#agent.destroy();
    this.#grpc?.session.destroy();
  }

  #post(url: string, body: Buffer, { encoding, gzip }: Wire): Promise<Answer> {
    return new Promise((resolve) => {
      const headers = {
        "content-type": encoding === "json" ? "application/json" : "application/x-protobuf",
        "content-length": body.length,
        ...(gzip ? { "content-encoding": "gzip" } : {}),
      };
      const post = request(`${url}/v1/traces`, { method: "POST", agent: this.#agent, headers, timeout: TIMEOUT_MS });
      post.on("timeout", () => post.destroy());
      post.on("error", () => resolve({ outcome: "none" }));
      post.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", () => resolve({ outcome: "none" }));
        // A status whose body was cut off is no answer.
        response.on("close", () => resolve({ outcome: "none" }));
        response.on("end", () => resolve(readStatus(response.statusCode ?? 0, Buffer.concat(chunks))));
      });
      post.end(body);
    });
  }

  #call(url: string, body: Buffer, { gzip }: Wire): Promise<Answer> {
    return new Promise((resolve) => {
      const call = this.#session(url).request({
        ":method": "POST",
        ":path": EXPORT_PATH,
        "content-type": "application/grpc",
        te: "trailers",
        ...(gzip ? { "grpc-encoding": "gzip" } : {}),
      });
      const header = Buffer.alloc(GRPC_HEADER_BYTES);
      header.writeUInt8(gzip ? 1 : 0);
      header.writeUInt32BE(body.length, 1);
      const chunks: Buffer[] = [];
      let status: string | undefined;
      const read = (headers: Record<string, unknown>): void => {
        const found = headers["grpc-status"];
        if (typeof found === "string") status = found;
      };
      call.setTimeout(TIMEOUT_MS, () => call.close());
      call.on("response", read).on("trailers", read);
      call.on("data", (chunk: Buffer) => chunks.push(chunk));
      call.on("error", () => resolve({ outcome: "none" }));
      call.on("close", () => resolve(readGrpcStatus(status, Buffer.concat(chunks).subarray(GRPC_HEADER_BYTES))));
      call.end(Buffer.concat([header, body]));
    });
  }

  #session(url: string): ClientHttp2Session {
    const known = this.#grpc;
    if (known !== undefined && known.url === url && !known.session.closed && !known.session.destroyed)
      return known.session;
    known?.session.destroy();
    const session = connect(url);
    session.on("error", () => {});
    this.#grpc = { url, session };
    return session;
  }
}

function readStatus(status: number, body: Buffer): Answer {
  if (status === 200) return { outcome: "acknowledged", body };
  if (status === 400) return { outcome: "damaged" };
  if (HTTP_RETRYABLE.has(status)) return { outcome: "refused" };
  return { outcome: "wrong", detail: `status ${status}: ${body.toString("utf8").slice(0, 200)}` };
}

function readGrpcStatus(status: string | undefined, body: Buffer): Answer {
  if (status === undefined) return { outcome: "none" };
  if (status === GRPC_OK) return { outcome: "acknowledged", body };
  if (status === GRPC_INVALID_ARGUMENT) return { outcome: "damaged" };
  if (GRPC_RETRYABLE.has(status)) return { outcome: "refused" };
  return { outcome: "wrong", detail: `gRPC status ${status}` };
}
