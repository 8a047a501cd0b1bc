import type { ContextManager } from "@opentelemetry/api";

/** What is registered in this process, whichever copy of the API did it. */
export interface Registered {
  /** Of the API that registered; a copy of a newer minor version reads nothing, a copy of another version registers nothing. */
  readonly version: string;
  readonly diag?: unknown;
  readonly trace?: unknown;
  readonly context?: unknown;
  readonly propagation?: unknown;
}

/** The half of an API copy that tells its version. */
interface Registering {
  readonly context: { setGlobalContextManager(manager: ContextManager): boolean };
}

/** Under which all copies of API 1.x meet. @see @opentelemetry/api 1.10, `internal/global-utils` */
const GLOBAL_API = Symbol.for("opentelemetry.js.api.1");
const holder = globalThis as { [GLOBAL_API]?: Registered | undefined };

/** Reads what is registered; nothing is created. */
export function readRegistered(): Registered | undefined {
  return holder[GLOBAL_API];
}

/**
 * Says of which version all that is registered is. Copies read what their own or a newer minor version registered, and register only
 * beside their own version. In a new object, because API 1.10 makes one whose version cannot be written.
 */
export function setRegisteredVersion(version: string): void {
  const registered = readRegistered();
  if (registered !== undefined && registered.version !== version) holder[GLOBAL_API] = { ...registered, version };
}

/** Finds out a copy's version, which it does not export: by what it writes when it registers where nothing is registered. */
export function readVersion(copy: Registering): string {
  const registered = holder[GLOBAL_API];
  holder[GLOBAL_API] = undefined;
  try {
    copy.context.setGlobalContextManager(NO_CONTEXT);
    return readRegistered()?.version ?? "";
  } finally {
    if (registered === undefined) delete holder[GLOBAL_API];
    else holder[GLOBAL_API] = registered;
  }
}

const NO_CONTEXT = {} as ContextManager;

/** The newer of two versions such as `1.9.1`. */
export function toNewer(one: string, other: string): string {
  return one.localeCompare(other, "en", { numeric: true }) < 0 ? other : one;
}
