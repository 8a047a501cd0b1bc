import type { ClientHttp2Session } from "node:http2";
import { type Context, context } from "@opentelemetry/api";
import { observeSafely } from "../hooks/wire/guard.ts";
import { guardHeaders } from "./guard-headers.ts";
import { GivenHeaders } from "./given-headers.ts";
import type { OutboundBoundary } from "./outbound-boundary.ts";
import { patchMethod } from "./patch-method.ts";

/** Finds the context of whoever asked undici for the request to a path that it is writing now. */
export type FindStarted = (path: string) => Context | undefined;

/**
 * Guards the requests of Node's own HTTP/2 client, on sessions of any age: their one method is patched, since the channel tells of streams
 * whose headers are sent already.
 */
export function guardHttp2(boundary: OutboundBoundary, findStarted: FindStarted): () => void {
  const prototype = findSessionPrototype();
  if (prototype === undefined) return () => {};
  const onRequest = (self: unknown, given: unknown): unknown => {
    const headers = new GivenHeaders(given);
    observeSafely("guarding a request of node:http2", () => {
      const { rule } = boundary;
      if (rule === undefined) return;
      guardHeaders(rule, headers, findMaker(boundary, self as ClientHttp2Session, headers, findStarted));
    });
    return headers.changed ?? given;
  };
  return patchMethod(prototype, "request", onRequest) ?? (() => {});
}

/** The context that a request is made in, where all that names its host is allowed. */
function findMaker(
  boundary: OutboundBoundary,
  session: ClientHttp2Session,
  headers: GivenHeaders,
  findStarted: FindStarted,
): Context | undefined {
  if (headers.readText(":method") === "CONNECT") return undefined;
  const connected = readSymbol(session, "authority");
  const protocol = readSymbol(session, "protocol");
  // Without them nothing is known of where the session goes.
  if (typeof connected !== "string" || typeof protocol !== "string") return undefined;
  const named = headers.readText(":authority") ?? headers.readText("host") ?? connected;
  if (![connected, named].every((authority) => boundary.allowsOrigin(`${protocol}//${authority}`))) return undefined;
  const path = headers.readText(":path") ?? "/";
  // undici writes requests of one caller in the context of another.
  const from = readSymbol(session, "client") === undefined ? context.active() : findStarted(path);
  return from !== undefined && boundary.allows(`${protocol}//${named}${path}`, from) ? from : undefined;
}

/** What Node and undici keep on a session under symbols of their own. */
function readSymbol(session: object, description: string): unknown {
  const key = Object.getOwnPropertySymbols(session).find((symbol) => symbol.description === description);
  return key === undefined ? undefined : Reflect.get(session, key);
}

/** The class of sessions is not exported: one over a stream that goes nowhere has it. */
function findSessionPrototype(): object | undefined {
  const http2 = globalThis.process?.getBuiltinModule?.("node:http2");
  const stream = globalThis.process?.getBuiltinModule?.("node:stream");
  if (http2 === undefined || stream === undefined) return undefined;
  const nowhere = new stream.Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const session = http2.connect("http://localhost", { createConnection: () => nowhere });
  session.on("error", () => {});
  session.destroy();
  const prototype: object = Object.getPrototypeOf(session);
  return prototype;
}
