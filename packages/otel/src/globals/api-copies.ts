import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  type ContextManager,
  type TextMapPropagator,
  type TracerProvider,
  context,
  propagation,
  trace,
} from "@opentelemetry/api";

/** The registering half of OpenTelemetry's API, as every copy of it has it. */
export interface ApiCopy {
  readonly trace: { setGlobalTracerProvider(provider: TracerProvider): boolean; disable(): void };
  readonly context: { setGlobalContextManager(manager: ContextManager): boolean; disable(): void };
  readonly propagation: { setGlobalPropagator(propagator: TextMapPropagator): boolean; disable(): void };
  /** Such as `1.9.1`; `undefined` when it could not be found out. */
  readonly version?: string | undefined;
}

/** What is registered in this process, whichever copy of the API did it. */
export interface Registered {
  readonly version?: string;
  readonly trace?: unknown;
  readonly context?: unknown;
  readonly propagation?: unknown;
}

/** Under which all copies of API 1.x meet. @see @opentelemetry/api 1.10, `internal/global-utils` */
const GLOBAL_API = Symbol.for("opentelemetry.js.api.1");
const API = "@opentelemetry/api";

/** Reads what is registered; nothing is created. */
export function readRegistered(): Registered {
  return (globalThis as { readonly [GLOBAL_API]?: Registered })[GLOBAL_API] ?? {};
}

/** Forgets what is registered and by which version, so that a copy of another version can register. */
export function forgetRegistered(): void {
  delete (globalThis as { [GLOBAL_API]?: Registered })[GLOBAL_API];
}

/**
 * The copies of the API that code in this process may use: the given ones, this package's own, and what `require` finds from the given
 * files or folders, such as the app's main file.
 */
export function findApiCopies(given: readonly ApiCopy[], from: readonly string[]): readonly ApiCopy[] {
  const required = [...from, import.meta.url].flatMap((place) => requireApi(place) ?? []);
  const copies = [...given, { trace, context, propagation }, ...required];
  return copies.filter((copy, index) => copies.findIndex((other) => other.trace === copy.trace) === index);
}

function requireApi(place: string): ApiCopy | undefined {
  try {
    const require = createRequire(place);
    const api = require(API) as ApiCopy;
    return {
      trace: api.trace,
      context: api.context,
      propagation: api.propagation,
      version: readVersion(require.resolve(API)),
    };
  } catch {
    // A bundle, or a place from which the API cannot be found: there is no such copy.
    return undefined;
  }
}

function readVersion(file: string): string | undefined {
  const folder = dirname(file);
  if (folder === file) return undefined;
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
    if (name === API) return typeof version === "string" ? version : undefined;
  } catch {
    // No manifest here; one of the folders above has it.
  }
  return readVersion(folder);
}
