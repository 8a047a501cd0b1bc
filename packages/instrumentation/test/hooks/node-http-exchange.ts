import { EventEmitter, once } from "node:events";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import { PATH, REQUEST } from "./wire-fixture.ts";

/** Uses a request, and notes what it sees. */
export type Drive = (request: ClientRequest, log: unknown[]) => unknown;

/** A call of the provider at `origin`, not yet written. */
export function post(origin: string, options: http.RequestOptions = {}): ClientRequest {
  return http.request(`${origin}${PATH}`, { method: "POST", ...options });
}

/** Everything an app can see of a request and its response, in order; `drive` decides how they are used. */
export async function observeAsApp(origin: string, drive: Drive, options: http.RequestOptions = {}) {
  const log: unknown[] = [];
  const agent = new http.Agent({ keepAlive: true });
  const request = post(origin, { agent, ...options });
  for (const name of ["abort", "connect", "continue", "error", "finish", "information", "timeout", "upgrade"]) {
    request.on(name, (detail: unknown) => log.push([name, describeDetail(detail)]));
  }
  drive(request, log);
  await once(request, "close").catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  agent.destroy();
  log.push(request.destroyed, request.aborted, request.reusedSocket, Object.keys(request).toSorted());
  return log;
}

function describeDetail(detail: unknown): unknown {
  if (!(detail instanceof Error)) return detail instanceof EventEmitter ? detail.constructor.name : detail;
  return [detail.name, detail.message, Reflect.get(detail, "code")];
}

function logResponse(response: IncomingMessage, log: unknown[]): void {
  for (const name of ["aborted", "end", "error", "close"]) {
    response.on(name, (detail: unknown) => log.push(["response", name, describeDetail(detail)]));
  }
  log.push(response.statusCode, Object.keys(response).toSorted());
}

/** Sends the call and uses its response. */
export function onResponse(use: (response: IncomingMessage, log: unknown[]) => void): Drive {
  return (request, log) => {
    request.on("response", (response) => {
      logResponse(response, log);
      use(response, log);
    });
    request.end(REQUEST);
  };
}
