import type { ContextManager, TextMapPropagator, TracerProvider } from "@opentelemetry/api";
import { reportFailure } from "../report-failure.ts";
import { type ApiCopy, findApiCopies, readRegistered } from "./api-copies.ts";

/** What an app needs of OpenTelemetry's globals when it registers none itself. */
export interface Globals {
  readonly contextManager: ContextManager;
  readonly tracerProvider: TracerProvider;
  readonly propagator: TextMapPropagator;
  /** Puts our boundary around the propagator of an app that registers its own. */
  readonly guardPropagator: (propagator: TextMapPropagator) => TextMapPropagator;
}

/** Globals that were installed. */
export interface InstalledGlobals {
  /** Whether the global tracer provider is ours; false from the moment on in which the app registers its own. */
  readonly isTracerProviderOurs: boolean;
  /** Takes ours out again, and stops watching. */
  uninstall(): void;
}

type Kind = "trace" | "context" | "propagation";

/**
 * Registers those globals that nobody has registered, as stand-ins: when the app registers its own later, as a NodeSDK does when it
 * starts, ours make room without an error in its log. A propagator of the app gets our boundary around it.
 */
export function installGlobals(globals: Globals): InstalledGlobals {
  const copies = findApiCopies();
  const ours = new Set<Kind>();
  const [api] = copies;
  const undo = copies.flatMap((copy) => watchRegistrations(copy, ours, globals));
  if (api !== undefined) registerMissing(api, ours, globals);
  return {
    get isTracerProviderOurs() {
      return ours.has("trace");
    },
    uninstall() {
      for (const restore of undo) restore();
      if (api !== undefined) for (const kind of ours) api[kind].disable();
      ours.clear();
    },
  };
}

function registerMissing(api: ApiCopy, ours: Set<Kind>, globals: Globals): void {
  const { trace, context, propagation } = readRegistered();
  const add = (kind: Kind, isRegistered: boolean) => void (isRegistered && ours.add(kind));
  if (context === undefined) add("context", api.context.setGlobalContextManager(globals.contextManager));
  if (trace === undefined) add("trace", api.trace.setGlobalTracerProvider(globals.tracerProvider));
  if (propagation === undefined) {
    api.propagation.setGlobalPropagator(globals.propagator);
    if (readRegistered().propagation !== undefined) ours.add("propagation");
  } else if (isPropagator(propagation)) {
    api.propagation.disable();
    // Goes through the watch below, which puts the boundary around it.
    api.propagation.setGlobalPropagator(propagation);
  }
}

/** Lets the app's own registrations, through one copy of the API, take the place of ours. */
function watchRegistrations(copy: ApiCopy, ours: Set<Kind>, globals: Globals): (() => void)[] {
  const makeRoom = (kind: Kind) => {
    if (ours.delete(kind)) copy[kind].disable();
  };
  return [
    replaceMethod(copy.context, "setGlobalContextManager", (register) => (manager: ContextManager) => {
      if (manager !== globals.contextManager) makeRoom("context");
      return register(manager);
    }),
    replaceMethod(copy.trace, "setGlobalTracerProvider", (register) => (provider: TracerProvider) => {
      if (provider !== globals.tracerProvider) makeRoom("trace");
      return register(provider);
    }),
    replaceMethod(copy.propagation, "setGlobalPropagator", (register) => (propagator: TextMapPropagator, ...rest) => {
      if (propagator === globals.propagator) return register(propagator, ...rest);
      makeRoom("propagation");
      return register(guard(propagator, globals), ...rest);
    }),
  ];
}

function guard(propagator: TextMapPropagator, { guardPropagator }: Globals): TextMapPropagator {
  try {
    return guardPropagator(propagator);
  } catch (error) {
    reportFailure(
      "propagator_failed",
      "the app's propagator could not be guarded; attribution in baggage may leave",
      error,
    );
    return propagator;
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
