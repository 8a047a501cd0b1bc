import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type ContextManager,
  type DiagLogLevel,
  type DiagLogger,
  type DiagLoggerOptions,
  type MeterProvider,
  type TextMapPropagator,
  type TracerProvider,
  context,
  diag,
  metrics,
  propagation,
  trace,
} from "@opentelemetry/api";
import { readVersion } from "./registered.ts";

/** The registering half of OpenTelemetry's API, as every copy of 1.x has it. */
export interface ApiCopy {
  readonly trace: { setGlobalTracerProvider(provider: TracerProvider): boolean; disable(): void };
  readonly context: { setGlobalContextManager(manager: ContextManager): boolean; disable(): void };
  readonly propagation: { setGlobalPropagator(propagator: TextMapPropagator): boolean; disable(): void };
  readonly metrics: { setGlobalMeterProvider(provider: MeterProvider): boolean };
  readonly diag: { setLogger(logger: DiagLogger, level?: LogSetting): boolean; disable(): void };
}

/** From which level on a logger is told. */
export type LogSetting = DiagLogLevel | DiagLoggerOptions;

/** A copy whose version is known. */
export interface VersionedCopy {
  readonly api: ApiCopy;
  /** Such as `1.9.1`. */
  readonly version: string;
}

interface Manifest {
  readonly name?: unknown;
  readonly exports?: { readonly "."?: { readonly default?: string | { readonly default?: string } } };
}

const API = "@opentelemetry/api";

/**
 * The copies of the API that code in this process may use: this package's own, the given ones, and what `require` and `import` find from
 * the given files or folders, such as the app's main file. API 1.10 is two copies: one for `require`, one for `import`.
 */
export function findApiCopies(given: readonly ApiCopy[], from: readonly string[]): readonly VersionedCopy[] {
  const own: ApiCopy = { trace, context, propagation, metrics, diag };
  const found = [...given, own, ...[import.meta.url, ...from].flatMap(loadCopies)];
  const copies = found.filter((copy, index) => found.findIndex((other) => other.trace === copy.trace) === index);
  return copies.map((api) => ({ api, version: readVersion(api) }));
}

function loadCopies(place: string): ApiCopy[] {
  try {
    // No import: bundles for ES modules commonly begin with an import of that name.
    const require = process.getBuiltinModule("node:module").createRequire(place);
    const file = require.resolve(API);
    const imported = findImported(dirname(file));
    return [require(file) as ApiCopy, ...(imported === undefined ? [] : [require(imported) as ApiCopy])];
  } catch {
    // A bundle, or a place from which the API cannot be found: there is no such copy.
    return [];
  }
}

/** The file that `import` finds, by the manifest in this folder or above. */
function findImported(folder: string): string | undefined {
  const entry = readManifest(folder)?.exports?.["."]?.default;
  if (entry !== undefined) return join(folder, typeof entry === "string" ? entry : (entry.default ?? ""));
  const above = dirname(folder);
  return above === folder ? undefined : findImported(above);
}

function readManifest(folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
    return manifest.name === API ? manifest : undefined;
  } catch {
    // No manifest here; one of the folders above has it.
    return undefined;
  }
}
