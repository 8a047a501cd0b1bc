import type { SpanFacts } from "../span-facts.ts";
import { AI_SDK_DIALECT, AI_SDK_OTEL_DIALECT } from "./ai-sdk.ts";
import {
  ANTHROPIC_SDK_DIALECT,
  OPENTELEMETRY_DIALECT,
  SENTRY_DIALECT,
  SPANCOST_DIALECT,
  UNKNOWN_PRODUCER_DIALECT,
} from "./conventions.ts";
import type { Dialect } from "./dialect.ts";
import { OPENINFERENCE_DIALECT, UNKNOWN_OPENINFERENCE_DIALECT } from "./openinference.ts";
import { OPENLIT_DIALECT, OPENLIT_OLD_DIALECT } from "./openlit.ts";
import { OPENLLMETRY_DIALECT, OPENLLMETRY_OLD_DIALECT } from "./openllmetry.ts";
import { GENKIT_DIALECT, LANGFUSE_DIALECT, LANGSMITH_DIALECT, MASTRA_DIALECT } from "./tracers.ts";

/** Every dialect; the first that recognises a span reads it. */
export const DIALECTS: readonly Dialect[] = [
  SPANCOST_DIALECT,
  OPENTELEMETRY_DIALECT,
  ANTHROPIC_SDK_DIALECT,
  OPENLLMETRY_OLD_DIALECT,
  OPENLLMETRY_DIALECT,
  OPENINFERENCE_DIALECT,
  OPENLIT_DIALECT,
  OPENLIT_OLD_DIALECT,
  AI_SDK_DIALECT,
  AI_SDK_OTEL_DIALECT,
  LANGFUSE_DIALECT,
  MASTRA_DIALECT,
  GENKIT_DIALECT,
  SENTRY_DIALECT,
  LANGSMITH_DIALECT,
  UNKNOWN_OPENINFERENCE_DIALECT,
  UNKNOWN_PRODUCER_DIALECT,
];

/** Bound of the memory of which dialects a scope can have; scope names come from outside. */
const MAX_REMEMBERED_SCOPES = 1_000;
const candidatesByScope = new Map<string, readonly Dialect[]>();

/** The dialect that reads a span, or `null` when it is no LLM producer's. */
export function findDialect(span: SpanFacts): Dialect | null {
  for (const dialect of candidatesOf(span)) {
    const markers = dialect.recognise.anyAttribute;
    if (markers === undefined || markers.some((key) => span.attributes[key] !== undefined)) return dialect;
  }
  return null;
}

/** Whether the name of a scope's spans can say what they are. */
export function readsSpanNames(scopeName: string, scopeVersion: string): boolean {
  return candidatesOf({ scopeName, scopeVersion }).some(
    ({ roles, fields }) =>
      fields.providerFromName !== undefined || roles.some(({ nameIncludes }) => nameIncludes !== undefined),
  );
}

function candidatesOf(span: Pick<SpanFacts, "scopeName" | "scopeVersion">): readonly Dialect[] {
  const key = `${span.scopeName}\n${span.scopeVersion}`;
  const known = candidatesByScope.get(key);
  if (known !== undefined) return known;
  const candidates = DIALECTS.filter((dialect) => acceptsScope(dialect, span.scopeName, span.scopeVersion));
  if (candidatesByScope.size < MAX_REMEMBERED_SCOPES) candidatesByScope.set(key, candidates);
  return candidates;
}

function acceptsScope({ recognise }: Dialect, name: string, version: string): boolean {
  if (recognise.scopes.length === 0) return true;
  if (!recognise.scopes.some((scope) => matchesScope(scope, name))) return false;
  if (recognise.fromVersion !== undefined && compareVersions(version, recognise.fromVersion) < 0) return false;
  return recognise.beforeVersion === undefined || compareVersions(version, recognise.beforeVersion) < 0;
}

function matchesScope(scope: string, name: string): boolean {
  return scope.endsWith("*") ? name.startsWith(scope.slice(0, -1)) : name === scope;
}

/** Compares dotted version numbers; what is not a number counts as 0, and an absent version as the newest. */
function compareVersions(left: string, right: string): number {
  if (left === "") return 1;
  const [a, b] = [left, right].map((version) => version.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < 3; index += 1) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
