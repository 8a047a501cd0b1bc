import { intersects } from "semver";
import { findImport, isUsed, pickUsed } from "../app-questions.ts";
import { type Finding, createFinding } from "../finding.ts";
import { type Coverage, OTHER_INSTRUMENTATIONS, OUR_INSTRUMENTATIONS, overlaps } from "../gen-ai-packages.ts";
import type { AppFacts } from "../read-app.ts";
import { toList } from "../words.ts";

/** From this version on the SDK makes GenAI spans itself, once a tracer provider is registered. */
const SELF_TRACING = { name: "@anthropic-ai/sdk", range: ">=1.0.0", coverage: "anthropic" } as const;

/** What records calls, and of which SDKs. */
interface Recorder {
  readonly name: string;
  readonly coverage: Coverage;
  /** Ours, another package, or the provider's SDK itself, which cannot be removed. */
  readonly kind: "ours" | "other" | "sdk";
}

/** Several instrumentations that record the same calls: one finding for those of one SDK. */
export function checkDoubleInstrumentation(app: AppFacts): Finding[] {
  const recorders = readRecorders(app);
  const groups = [...new Set(recorders.map(({ coverage }) => coverage))].map((coverage) =>
    recorders.filter((one) => (coverage === "all" ? one.coverage === "all" : overlaps(one.coverage, coverage))),
  );
  const doubled = groups.filter((group) => group.length > 1 && group.some(({ kind }) => kind !== "ours"));
  return doubled.filter((group) => !isPartOfAnother(group, doubled)).map((group) => toFinding(app, group));
}

function readRecorders(app: AppFacts): Recorder[] {
  const ours = pickUsed(app, OUR_INSTRUMENTATIONS).map(([name, coverage]) => ({
    name,
    coverage,
    kind: "ours" as const,
  }));
  const others = pickUsed(app, OTHER_INSTRUMENTATIONS).map(([name, coverage]) => ({
    name,
    coverage,
    kind: "other" as const,
  }));
  return [...ours, ...others, ...readSelfTracing(app)];
}

function readSelfTracing(app: AppFacts): Recorder[] {
  const { name, range, coverage } = SELF_TRACING;
  const version = app.installed.get(name);
  const traces = version !== undefined && intersects(version, range) && isUsed(app, name);
  return traces ? [{ name: `${name} ${version} itself`, coverage, kind: "sdk" }] : [];
}

/** Whether a group of the list holds all of this one and more. */
function isPartOfAnother(group: readonly Recorder[], groups: readonly (readonly Recorder[])[]): boolean {
  return groups.some((other) => other.length > group.length && group.every((one) => other.includes(one)));
}

function toFinding(app: AppFacts, group: readonly Recorder[]): Finding {
  const message = `${toList(group.map(({ name }) => name))} record the same calls. Spancost's ledger counts each call once; other tools that read these spans count it more than once.`;
  const foreign = group.find(({ kind }) => kind === "other") ?? group.find(({ kind }) => kind === "sdk");
  const where = foreign === undefined ? undefined : findImport(app, foreign.name);
  return createFinding("double-instrumentation", message, toFix(group), where);
}

function toFix(group: readonly Recorder[]): string {
  const kept = group.find(({ kind }) => kind === "ours");
  const removable = group.filter((one) => one.kind === "other").map(({ name }) => name);
  if (removable.length === 0) return "Nothing, unless another tool reads these spans: have it leave one of them out.";
  if (kept === undefined) return "Keep one of them. Remove the others unless you need their spans for something else.";
  const their = removable.length === 1 ? "its" : "their";
  return `Keep ${kept.name}: it sees retries, and streams to their end. Remove ${toList(removable)} unless you need ${their} spans for something else.`;
}
