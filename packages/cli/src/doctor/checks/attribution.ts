import { findCalls, findImport, isImported, isSpancostNodeExpected, isUsed } from "../app-questions.ts";
import { type Finding, createFinding } from "../finding.ts";
import { FRAMEWORKS, PROVIDER_SDKS } from "../gen-ai-packages.ts";
import type { AppFacts } from "../read-app.ts";
import { toList } from "../words.ts";

const ATTRIBUTING = new Set(["withAttribution", "setAttribution", "runWithCarrier", "attribution"]);
/** What sets up an exporting SDK of the app's own, where a span processor of ours can be put. */
const SETUPS = new Set(["NodeSDK", "NodeTracerProvider", "TracerProvider", "BasicTracerProvider", "registerOTel"]);
/** What writes attribution onto spans. */
const WRITERS = ["AttributionSpanProcessor", "SpancostSpanProcessor"] as const;

/** An app that calls LLMs and never says for whom. */
export function checkAttribution(app: AppFacts): Finding[] {
  const callers = [...Object.keys(PROVIDER_SDKS), ...FRAMEWORKS].filter((name) => isUsed(app, name));
  const [first] = callers;
  if (first === undefined || findCalls(app, ATTRIBUTING).length > 0) return [];
  const message = `${toList(callers)} ${callers.length === 1 ? "is" : "are"} called and no code says for which tenant, so every call is unattributed.`;
  const fix =
    "Put the attribution middleware of @spancost/otel behind authentication, or wrap the work in withAttribution({ tenantId, userId, feature }, fn).";
  return [createFinding("calls-without-tenant", message, fix, findImport(app, first))];
}

/** An app with an SDK of its own that says for whom it calls, where nothing writes that onto spans. */
export function checkExportedAttribution(app: AppFacts): Finding[] {
  const [setup] = findCalls(app, SETUPS);
  const isWritten = WRITERS.some((name) => isImported(app, name) || findCalls(app, new Set([name])).length > 0);
  if (setup === undefined || isWritten || isSpancostNodeExpected(app)) return [];
  if (findCalls(app, ATTRIBUTING).length === 0) return [];
  const message =
    "The app says for whom it calls, and no span processor writes that onto its spans, so every call arrives without a tenant.";
  const fix =
    "Give this provider new AttributionSpanProcessor() of @spancost/otel, before the processor that exports: spanProcessors: [new AttributionSpanProcessor(), ...]. Or start the app with @spancost/node.";
  return [createFinding("attribution-not-exported", message, fix, setup.where)];
}
