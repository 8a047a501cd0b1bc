import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingMessage, type Server, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A server on a free port of loopback. */
export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

/** What a client sends. */
export interface ClientOptions {
  readonly method?: "GET" | "POST";
  readonly path?: string;
  readonly tenant?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
}

/** What a client got. */
export interface ClientAnswer {
  readonly status: number | undefined;
  readonly body: string;
}

/** Waits until a server listens on a free port of loopback, and gives it. */
export async function running(server: Server, close?: () => Promise<unknown>): Promise<RunningServer> {
  if (!server.listening) await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      const closed = once(server, "close");
      if (close === undefined) server.close();
      else await close();
      await closed;
    },
  };
}

/** Sends a request and gives the response before its body. */
export function open(port: number, options: ClientOptions = {}): Promise<IncomingMessage & { req: ClientRequest }> {
  const { method = "GET", path = "/", tenant, body, agent = new Agent() } = options;
  const headers = { ...(tenant === undefined ? {} : { "x-tenant": tenant }), ...options.headers };
  return new Promise((resolve, reject) => {
    const sent = send({ host: "127.0.0.1", port, path, method, agent, headers });
    sent.on("response", (response) => resolve(Object.assign(response, { req: sent })));
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Sends a request and reads its whole response. */
export async function ask(port: number, options: ClientOptions = {}): Promise<ClientAnswer> {
  const response = await open(port, options);
  return { status: response.statusCode, body: await text(response) };
}
