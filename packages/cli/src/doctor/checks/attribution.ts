import { findCalls, findImport, isUsed } from "../app-questions.ts";
import type { Finding } from "../finding.ts";
import { FRAMEWORKS, PROVIDER_SDKS } from "../gen-ai-packages.ts";
import type { AppFacts } from "../read-app.ts";

const ATTRIBUTING = new Set(["withAttribution", "setAttribution", "runWithCarrier", "attribution"]);

/** An app that calls LLMs and never says for whom. */
export function checkAttribution(app: AppFacts): Finding[] {
  const callers = [...Object.keys(PROVIDER_SDKS), ...FRAMEWORKS].filter((name) => isUsed(app, name));
  const [first] = callers;
  if (first === undefined || findCalls(app, ATTRIBUTING).length > 0) return [];
  const where = findImport(app, first);
  return [
    {
      check: "calls-without-tenant",
      severity: "error",
      message: `${callers.join(", ")} ${callers.length === 1 ? "is" : "are"} called and no code says for which tenant, so every call is unattributed.`,
      fix: "Put the attribution middleware of @spancost/otel behind authentication, or wrap the work in withAttribution({ tenantId, userId, feature }, fn).",
      ...(where === undefined ? {} : { where }),
    },
  ];
}
