import type { ContextManager, TextMapPropagator, TracerProvider } from "@opentelemetry/api";
import { reportFailure } from "../report-failure.ts";
import { type ApiCopy, findApiCopies, forgetRegistered, readRegistered } from "./api-copies.ts";

/** What an app needs of OpenTelemetry's globals when it registers none itself. */
export interface Globals {
  readonly contextManager: ContextManager;
  readonly tracerProvider: TracerProvider;
  readonly propagator: TextMapPropagator;
  /** Puts our boundary around the propagator of an app that registers its own. */
  readonly guardPropagator: (propagator: TextMapPropagator) => TextMapPropagator;
}

/** Where copies of the API are looked for. */
export interface InstallOptions {
  /** Copies at hand; the first one registers. A copy sees what copies of its own or a newer minor version registered. */
  readonly copies?: readonly ApiCopy[] | undefined;
  /** Files or folders from which further copies are looked for, such as the app's main file. */
  readonly from?: readonly string[] | undefined;
}

/** Globals that were installed. */
export interface InstalledGlobals {
  /** Whether the global tracer provider is ours; false from the moment on in which the app registers its own. */
  readonly isTracerProviderOurs: boolean;
  /** Takes ours out again, and stops watching. */
  uninstall(): void;
}

export type { ApiCopy };

/**
 * Registers those globals that nobody has registered, as stand-ins: when the app registers its own later, as a NodeSDK does when it
 * starts, ours make room without an error in its log. A propagator of the app gets our boundary around it.
 */
export function installGlobals(globals: Globals, options: InstallOptions = {}): InstalledGlobals {
  return new StandIns(globals, findApiCopies(options.copies ?? [], options.from ?? []));
}

type Kind = "trace" | "context" | "propagation";

const KINDS: readonly Kind[] = ["context", "trace", "propagation"];

class StandIns implements InstalledGlobals {
  readonly #globals: Globals;
  readonly #ours = new Set<Kind>();
  readonly #restore: readonly (() => void)[];
  /** Through which ours are registered. */
  #registrar: ApiCopy | undefined;

  constructor(globals: Globals, copies: readonly ApiCopy[]) {
    this.#globals = globals;
    this.#registrar = copies[0];
    this.#restore = copies.flatMap((copy) => this.#watch(copy));
    const { propagation } = readRegistered();
    this.#registerMissing();
    if (isPropagator(propagation)) this.#guardRegistered(propagation);
  }

  get isTracerProviderOurs(): boolean {
    return this.#ours.has("trace");
  }

  uninstall(): void {
    for (const restore of this.#restore) restore();
    for (const kind of this.#ours) this.#registrar?.[kind].disable();
    this.#ours.clear();
    this.#registrar = undefined;
  }

  #registerMissing(): void {
    const registered = readRegistered();
    for (const kind of KINDS) if (registered[kind] === undefined && this.#register(kind)) this.#ours.add(kind);
  }

  #register(kind: Kind): boolean {
    const api = this.#registrar;
    if (api === undefined) return false;
    if (kind === "context") return api.context.setGlobalContextManager(this.#globals.contextManager);
    if (kind === "trace") return api.trace.setGlobalTracerProvider(this.#globals.tracerProvider);
    return api.propagation.setGlobalPropagator(this.#globals.propagator);
  }

  #guardRegistered(propagator: TextMapPropagator): void {
    this.#registrar?.propagation.disable();
    this.#registrar?.propagation.setGlobalPropagator(propagator);
  }

  /** Lets the app's own registrations, through one copy of the API, take the place of ours. */
  #watch(copy: ApiCopy): (() => void)[] {
    const { contextManager, tracerProvider, propagator } = this.#globals;
    return [
      replaceMethod(copy.context, "setGlobalContextManager", (register) => (manager: ContextManager) => {
        if (manager !== contextManager) this.#makeRoom("context", copy);
        return register(manager);
      }),
      replaceMethod(copy.trace, "setGlobalTracerProvider", (register) => (provider: TracerProvider) => {
        if (provider !== tracerProvider) this.#makeRoom("trace", copy);
        return register(provider);
      }),
      replaceMethod(copy.propagation, "setGlobalPropagator", (register) => (given: TextMapPropagator) => {
        if (given === propagator) return register(given);
        this.#makeRoom("propagation", copy);
        return register(this.#guard(given));
      }),
    ];
  }

  #makeRoom(kind: Kind, copy: ApiCopy): void {
    const { version } = readRegistered();
    const isOtherVersion = copy.version !== undefined && version !== undefined && copy.version !== version;
    // Two versions cannot register side by side. Where all that is registered is ours, all of it makes room.
    if (isOtherVersion && KINDS.every((one) => this.#ours.has(one) || readRegistered()[one] === undefined))
      this.#moveTo(copy);
    else if (this.#ours.delete(kind)) copy[kind].disable();
  }

  #moveTo(copy: ApiCopy): void {
    for (const kind of this.#ours) this.#registrar?.[kind].disable();
    this.#ours.clear();
    forgetRegistered();
    this.#registrar = copy;
    // What the app leaves unregistered is ours again.
    setImmediate(() => this.#registerMissing());
  }

  #guard(propagator: TextMapPropagator): TextMapPropagator {
    try {
      return this.#globals.guardPropagator(propagator);
    } catch (error) {
      const message = "the app's propagator could not be guarded; attribution in baggage may leave";
      reportFailure("propagator_failed", message, error);
      return propagator;
    }
  }
}

function replaceMethod<Owner extends object, Name extends keyof Owner, Method extends Owner[Name]>(
  owner: Owner,
  name: Name,
  wrap: (original: Method & ((...args: never[]) => unknown)) => Method,
): () => void {
  const original = owner[name] as Method & ((...args: never[]) => unknown);
  const replacement = wrap(original.bind(owner) as Method & ((...args: never[]) => unknown));
  Object.defineProperty(owner, name, { configurable: true, writable: true, value: replacement });
  return () => {
    if (owner[name] === replacement) Reflect.deleteProperty(owner, name);
  };
}

function isPropagator(value: unknown): value is TextMapPropagator {
  return typeof value === "object" && value !== null && "inject" in value && "extract" in value;
}
