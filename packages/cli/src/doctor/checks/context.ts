import { findCalls, isSpancostNodeExpected, isUsed } from "../app-questions.ts";
import { type Finding, createFinding } from "../finding.ts";
import type { AppFacts } from "../read-app.ts";

/** Constructions of tracer providers that register no context manager by themselves. */
const BARE_PROVIDERS = new Set(["TracerProvider", "BasicTracerProvider", "setGlobalTracerProvider"]);
/** What registers a context manager. `NodeTracerProvider` does so in its `register()`. */
const REGISTRATIONS = new Set(["NodeSDK", "NodeTracerProvider", "setGlobalContextManager"]);
/** Packages that register one when they are loaded or started. */
const REGISTERING_PACKAGES = ["@vercel/otel", "@traceloop/node-server-sdk", "@sentry/node"] as const;

/** Without a context manager no attribution, and no parent, reaches a span. */
export function checkContextManager(app: AppFacts): Finding[] {
  const [bare] = findCalls(app, BARE_PROVIDERS);
  const isRegistered =
    findCalls(app, REGISTRATIONS).length > 0 ||
    isSpancostNodeExpected(app) ||
    REGISTERING_PACKAGES.some((name) => isUsed(app, name));
  if (bare === undefined || isRegistered) return [];
  const message =
    "A tracer provider is set up and no context manager is registered: withAttribution has no effect, and every call is unattributed.";
  const fix =
    "Register one: context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()), or start the app with @spancost/node.";
  return [createFinding("missing-context-manager", message, fix, bare.where)];
}

/** Copies of the API of different versions do not see each other's context. */
export function checkApiCopies(app: AppFacts): Finding[] {
  const lines = new Set(app.apiVersions.map((version) => version.split(".").slice(0, 2).join(".")));
  if (lines.size < 2) return [];
  const message = `@opentelemetry/api is installed in versions ${app.apiVersions.join(" and ")}: context set through one may not be seen through the other, and its calls are unattributed.`;
  const fix =
    "Bring all OpenTelemetry packages onto one line (2.x with api 1.9, or 3.x with api 1.10), then see that one version is left: npm ls @opentelemetry/api.";
  return [createFinding("several-otel-apis", message, fix, "node_modules")];
}
