import { type Context, context, ROOT_CONTEXT } from "@opentelemetry/api";
import {
  findCallerResource,
  isToProxy,
  readUrl,
  runAsCaller,
  type UndiciRequest,
} from "../hooks/undici/undici-request.ts";
import { reportFailure } from "../hooks/wire/guard.ts";
import { CHANNELS, listenToChannel } from "../hooks/wire/listen-to-channel.ts";
import { guardHeaders } from "./guard-headers.ts";
import type { OutboundBoundary } from "./outbound-boundary.ts";
import { patchMethod } from "./patch-method.ts";
import { type ChangeableRequest, mayHaveBaggage, UndiciHeaders } from "./undici-headers.ts";

/** Called right before the headers are written, by undici 6 and 7, and by 8: what other listeners of the channel add is there by then. */
const STARTS = ["onConnect", "onRequestStart"] as const;

type GuardedRequest = UndiciRequest & ChangeableRequest;

/** Guards the requests of undici in any version, those of Node's own `fetch` included. */
export class UndiciGuard {
  readonly #boundary: OutboundBoundary;
  readonly #callers = new WeakMap<object, Context>();
  /** One of each version of undici in the process, and whether it says when a request starts. */
  readonly #prototypes = new WeakMap<object, boolean>();
  /** Headers of undici 5, before and after they were guarded. */
  readonly #lines = new WeakMap<object, { readonly before: unknown; readonly after: unknown }>();
  readonly #undo: (() => void)[] = [];
  #started: { readonly path: string; readonly from: Context } | undefined;

  constructor(boundary: OutboundBoundary) {
    this.#boundary = boundary;
  }

  /** Returns what takes the guard out again. */
  install(): () => void {
    const onCreated = (message: unknown): void => {
      try {
        this.#onCreated((message as { readonly request: GuardedRequest }).request);
      } catch (error) {
        reportFailure("guarding a request of undici", error);
      }
    };
    const stop = listenToChannel(CHANNELS.undiciRequest, onCreated);
    return () => {
      stop();
      for (const undo of this.#undo.splice(0)) undo();
    };
  }

  /** The context of whoever asked for the request to this path that undici is writing now, over HTTP/2. */
  findStarted(path: string): Context | undefined {
    return this.#started?.path === path ? this.#started.from : undefined;
  }

  #onCreated(request: GuardedRequest): void {
    const prototype: object = Object.getPrototypeOf(request);
    const isTold = this.#prototypes.get(prototype) ?? this.#patch(prototype);
    const from = this.#findCaller(request);
    if (from !== undefined) this.#callers.set(request, from);
    // Lines are copied before anybody is told that they will be written.
    if (typeof request.headers === "string") this.#guardLines(request);
    else if (!isTold) this.#guard(request);
  }

  #patch(prototype: object): boolean {
    const onStart = (self: unknown, first: unknown): unknown => {
      this.#onStart(self as GuardedRequest);
      return first;
    };
    const onAdd = (self: unknown, first: unknown): unknown => {
      this.#restoreLines(self as GuardedRequest);
      return first;
    };
    const onAdded = (self: unknown): void => this.#guardLines(self as GuardedRequest);
    const starts = STARTS.map((name) => patchMethod(prototype, name, onStart));
    const undo = [...starts, patchMethod(prototype, "addHeader", onAdd, onAdded)].filter((one) => one !== undefined);
    this.#undo.push(...undo);
    const isTold = starts.some((one) => one !== undefined);
    this.#prototypes.set(prototype, isTold);
    return isTold;
  }

  #guardLines(request: GuardedRequest): void {
    const before = request.headers;
    if (typeof before !== "string") return;
    this.#guard(request);
    if (request.headers !== before) this.#lines.set(request, { before, after: request.headers });
  }

  /** Another listener adds a header after us: it must find, and leave, what it would have without us. */
  #restoreLines(request: GuardedRequest): void {
    const lines = this.#lines.get(request);
    if (lines !== undefined && request.headers === lines.after) request.headers = lines.before;
  }

  #onStart(request: GuardedRequest): void {
    if (!Array.isArray(request.headers)) return;
    const from = this.#callers.get(request);
    if (from !== undefined) this.#announce(request.path, from);
    else if (!mayHaveBaggage(request.headers)) return;
    this.#guard(request);
  }

  /** Over HTTP/2, headers are copied before: the guard of that needs to know whose the stream is that comes next. */
  #announce(path: string, from: Context): void {
    this.#started = { path, from };
    queueMicrotask(() => (this.#started = undefined));
  }

  #guard(request: GuardedRequest): void {
    const { rule } = this.#boundary;
    if (rule !== undefined) guardHeaders(rule, new UndiciHeaders(request), this.#callers.get(request));
  }

  #findCaller(request: GuardedRequest): Context | undefined {
    if (!this.#boundary.allowsOrigin(String(request.origin))) return undefined;
    if (isToProxy(request) || request.method === "CONNECT") return undefined;
    const url = readUrl(request);
    const active = context.active();
    if (!this.#boundary.allows(url, active)) return undefined;
    // To ask the stack whose context this is costs more than the whole request, and is of no use when it says nothing.
    const isSilent = this.#boundary.rule?.write(undefined, active, []) === undefined;
    if (isSilent && findCallerResource(request) === undefined) return ROOT_CONTEXT;
    let from: Context | undefined;
    runAsCaller(request, url, () => (from = context.active()));
    return from !== undefined && this.#boundary.allows(url, from) ? from : undefined;
  }
}
