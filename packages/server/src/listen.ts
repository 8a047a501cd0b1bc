import type { Server as HttpServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { ServerError } from "./server-error.ts";

/** Where a listener listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** The flag that chooses the port. */
  readonly flag: string;
  readonly isTls: boolean;
}

const CLOSE_IDLE_MS = 50;

/** Opens a port. @returns its address as a URL. @throws ServerError `port-in-use` */
export async function listen(server: Server, { host, port, flag, isTls }: ListenAddress): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const message = `Port ${port} on ${host} is in use. Stop what uses it, or choose another with ${flag} (0 is any free one).`;
      reject(taken ? new ServerError("port-in-use", message) : error);
    });
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `${isTls ? "https" : "http"}://${name}:${address.port}`;
}

/** Takes no more connections and waits for requests under way, at most `timeoutMs`. */
export async function closeHttp(server: HttpServer, timeoutMs: number): Promise<void> {
  if (!server.listening) return;
  const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
  // A connection whose request is just being answered is kept open by its client when that is done.
  const closeIdle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
  });
  clearInterval(closeIdle);
  clearTimeout(cut);
}
