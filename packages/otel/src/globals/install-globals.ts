import type {
  DiagLogger,
  DiagLogLevel,
  ContextManager,
  MeterProvider,
  TextMapPropagator,
  TracerProvider,
} from "@opentelemetry/api";
import { reportFailure } from "../report-failure.ts";
import { type ApiCopy, type LogSetting, type VersionedCopy, findApiCopies } from "./api-copies.ts";
import { StandInTracerProvider } from "./stand-in-tracer-provider.ts";
import { readRegistered, setRegisteredVersion, toNewer } from "./registered.ts";

/** What an app needs of OpenTelemetry's globals when it registers none itself. */
export interface Globals {
  readonly contextManager: ContextManager;
  readonly tracerProvider: TracerProvider;
  readonly propagator: TextMapPropagator;
  /** Puts our boundary around the propagator of an app that registers its own. */
  readonly guardPropagator: (propagator: TextMapPropagator) => TextMapPropagator;
  /** Logs what goes wrong where the app has no logger. @default none */
  readonly diag?: { readonly logger: DiagLogger; readonly level: DiagLogLevel } | undefined;
}

/** Where copies of the API are looked for. */
export interface InstallOptions {
  /** Copies at hand. */
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

type Kind = "diag" | "trace" | "context" | "propagation";

const KINDS: readonly Kind[] = ["diag", "context", "trace", "propagation"];

class StandIns implements InstalledGlobals {
  readonly #globals: Globals;
  readonly #ours = new Set<Kind>();
  readonly #restore: readonly (() => void)[];
  readonly #tracerProvider: StandInTracerProvider;
  /** The newest copy: ours are registered through it. */
  readonly #registrar: VersionedCopy;

  constructor(globals: Globals, copies: readonly VersionedCopy[]) {
    this.#globals = globals;
    this.#tracerProvider = new StandInTracerProvider(globals.tracerProvider);
    this.#registrar = copies.reduce((one, other) =>
      toNewer(one.version, other.version) === one.version ? one : other,
    );
    this.#restore = copies.flatMap((copy) => this.#watch(copy));
    const propagation = readRegistered()?.propagation;
    for (const kind of KINDS) if (readRegistered()?.[kind] === undefined && this.#register(kind)) this.#ours.add(kind);
    if (isPropagator(propagation)) this.#guardRegistered(propagation);
    setRegisteredVersion(toNewer(readRegistered()?.version ?? "", this.#registrar.version));
  }

  get isTracerProviderOurs(): boolean {
    return this.#ours.has("trace");
  }

  uninstall(): void {
    for (const restore of this.#restore) restore();
    for (const kind of this.#ours) this.#registrar.api[kind].disable();
    this.#ours.clear();
  }

  #register(kind: Kind): boolean {
    const { api } = this.#registrar;
    if (kind === "context") return api.context.setGlobalContextManager(this.#globals.contextManager);
    if (kind === "trace") return api.trace.setGlobalTracerProvider(this.#tracerProvider);
    if (kind === "propagation") return api.propagation.setGlobalPropagator(this.#globals.propagator);
    const { diag } = this.#globals;
    return diag !== undefined && api.diag.setLogger(diag.logger, diag.level);
  }

  #guardRegistered(propagator: TextMapPropagator): void {
    this.#registrar.api.propagation.disable();
    this.#registrar.api.propagation.setGlobalPropagator(propagator);
  }

  /** Lets the app's own registrations, through one copy of the API, take the place of ours. */
  #watch({ api, version }: VersionedCopy): (() => void)[] {
    const { contextManager, propagator, diag } = this.#globals;
    const standIn = this.#tracerProvider;
    const makeRoom = (kind: Kind) => {
      if (this.#ours.delete(kind)) api[kind].disable();
    };
    return [
      replaceMethod(api.context, "setGlobalContextManager", (register) => (manager: ContextManager) => {
        if (manager !== contextManager) makeRoom("context");
        return registerAs(version, () => register(manager));
      }),
      replaceMethod(api.trace, "setGlobalTracerProvider", (register) => (provider: TracerProvider) => {
        if (provider === standIn) return registerAs(version, () => register(provider));
        makeRoom("trace");
        const isRegistered = registerAs(version, () => register(provider));
        if (isRegistered) standIn.handOver(provider);
        return isRegistered;
      }),
      replaceMethod(api.propagation, "setGlobalPropagator", (register) => (given: TextMapPropagator) => {
        if (given !== propagator) makeRoom("propagation");
        return registerAs(version, () => register(given === propagator ? given : this.#guard(given)));
      }),
      replaceMethod(api.metrics, "setGlobalMeterProvider", (register) => (provider: MeterProvider) => {
        return registerAs(version, () => register(provider));
      }),
      replaceMethod(api.diag, "setLogger", (register) => (logger: DiagLogger, level?: LogSetting) => {
        if (logger !== diag?.logger) makeRoom("diag");
        return registerAs(version, () => register(logger, level));
      }),
    ];
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

/** Registers as if all that is registered were of the copy's own version, which is what it asks for; all copies can read it then. */
function registerAs(version: string, register: () => boolean): boolean {
  const former = readRegistered()?.version ?? version;
  setRegisteredVersion(version);
  try {
    return register();
  } finally {
    setRegisteredVersion(toNewer(former, version));
  }
}

function replaceMethod<Owner extends object, Name extends keyof Owner, Method extends Owner[Name]>(
  owner: Owner,
  name: Name,
  wrap: (original: Method & ((...args: never[]) => unknown)) => Method,
): () => void {
  const original = owner[name] as Method & ((...args: never[]) => unknown);
  const own = Object.getOwnPropertyDescriptor(owner, name);
  const replacement = wrap(original.bind(owner) as Method & ((...args: never[]) => unknown));
  Object.defineProperty(owner, name, { configurable: true, writable: true, value: replacement });
  return () => {
    if (owner[name] !== replacement) return;
    if (own === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, own);
  };
}

function isPropagator(value: unknown): value is TextMapPropagator {
  return typeof value === "object" && value !== null && "inject" in value && "extract" in value;
}
