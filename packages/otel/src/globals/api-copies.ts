import { context, propagation, trace } from "@opentelemetry/api";

/** The registering half of OpenTelemetry's API, as every copy of it has it. */
export interface ApiCopy {
  readonly trace: typeof trace;
  readonly context: typeof context;
  readonly propagation: typeof propagation;
}

/** What is registered in this process, whichever copy of the API did it. */
export interface Registered {
  readonly trace?: unknown;
  readonly context?: unknown;
  readonly propagation?: unknown;
}

/** Under which all copies of API 1.x meet. @see @opentelemetry/api 1.10, `internal/global-utils` */
const GLOBAL_API = Symbol.for("opentelemetry.js.api.1");

/** Reads what is registered; nothing is created. */
export function readRegistered(): Registered {
  return (globalThis as { readonly [GLOBAL_API]?: Registered })[GLOBAL_API] ?? {};
}

/** The copies of the API that an app in this process may register with: the ES module, and the CommonJS one beside it. */
export function findApiCopies(): readonly ApiCopy[] {
  const esm: ApiCopy = { trace, context, propagation };
  const commonJs = loadCommonJs();
  return commonJs === undefined || commonJs.trace === trace ? [esm] : [esm, commonJs];
}

function loadCommonJs(): ApiCopy | undefined {
  try {
    const { createRequire } = globalThis.process.getBuiltinModule("node:module");
    return createRequire(import.meta.url)("@opentelemetry/api") as ApiCopy;
  } catch {
    // A bundle, or a runtime without `require`: there is one copy.
    return undefined;
  }
}
