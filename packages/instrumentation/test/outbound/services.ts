import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { CERTIFICATE } from "../hooks/node-http-certificate.ts";

/** What a service speaks. */
export type Protocol = "http" | "https" | "h2";

/** A request as it came in. */
export interface Arrived {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn. */
  readonly raw: readonly string[];
}

/** What a service says; a `location` makes it a redirect. */
type Answer = string | { readonly location: string };
type Handle = (request: Arrived) => Promise<Answer> | Answer;

const open: (() => void)[] = [];

/** A service on a free loopback port. */
export async function startService(protocol: Protocol, handle: Handle = () => "ok") {
  const arrived: Arrived[] = [];
  const respond = (response: ServerResponse, answer: Answer): void => {
    if (typeof answer === "string") response.end(answer);
    else response.writeHead(302, { location: answer.location }).end();
  };
  const listener: RequestListener = (request, response) => {
    const seen = { path: request.url ?? "", headers: request.headers, raw: request.rawHeaders };
    arrived.push(seen);
    Promise.resolve(handle(seen)).then(
      (answer) => respond(response, answer),
      (error: unknown) => respond(response, String(error)),
    );
  };
  const server = createServerOf(protocol, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { arrived, origin: `${protocol === "https" ? "https" : "http"}://127.0.0.1:${port}`, port };
}

/** Ends all services. */
export function stopServices(): void {
  for (const stop of open.splice(0)) stop();
}

function createServerOf(protocol: Protocol, listener: RequestListener): Server | Http2Server {
  if (protocol !== "h2") {
    const server = protocol === "https" ? createHttpsServer(CERTIFICATE, listener) : createServer(listener);
    open.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return server;
  }
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server();
  server.on("request", (request, response) => listener(request as never, response as never));
  server.on("session", (session) => sessions.add(session));
  open.push(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return server;
}
