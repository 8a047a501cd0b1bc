import { intersects, satisfies, validRange } from "semver";
import { findImport, isUsed, pickUsed } from "../app-questions.ts";
import type { Finding } from "../finding.ts";
import {
  type Coverage,
  FRAMEWORKS,
  OTHER_INSTRUMENTATIONS,
  OUR_INSTRUMENTATIONS,
  PROVIDER_SDKS,
} from "../gen-ai-packages.ts";
import type { AppFacts } from "../read-app.ts";

const NODE_RANGE = ">=22.15.0";
/** From this version on the SDK makes GenAI spans itself, once a tracer provider is registered. */
const SELF_TRACING = { name: "@anthropic-ai/sdk", range: ">=1.0.0", coverage: "anthropic" } as const;

/** Calls of an SDK that nothing would see. */
export function checkUnseenCalls(app: AppFacts): Finding[] {
  const seen = [...pickUsed(app, OUR_INSTRUMENTATIONS), ...pickUsed(app, OTHER_INSTRUMENTATIONS)];
  const unseen = pickUsed(app, PROVIDER_SDKS).filter(
    ([, sdk]) => !seen.some(([, coverage]) => overlaps(coverage, sdk.coverage)),
  );
  return unseen.map(([name, { coverage }]) => ({
    check: "unseen-calls",
    severity: "error",
    message: `${name} is used and nothing instruments it, so its calls cost money that nobody sees.`,
    fix: `Start the app with "node --import @spancost/node/register", or register @spancost/instrumentation-${toPackageEnd(coverage)}.`,
    ...toPlace(findImport(app, name)),
  }));
}

/** Several instrumentations that record the same calls. */
export function checkDoubleInstrumentation(app: AppFacts): Finding[] {
  const used = [
    ...pickUsed(app, OUR_INSTRUMENTATIONS),
    ...pickUsed(app, OTHER_INSTRUMENTATIONS),
    ...readSelfTracing(app),
  ];
  const pairs = used.flatMap(([first, covered], index) =>
    used
      .slice(index + 1)
      .filter(([second, other]) => overlaps(covered, other) && !(isOurs(first) && isOurs(second)))
      .map(([second]) => [first, second] as const),
  );
  return pairs.map(([first, second]) => ({
    check: "double-instrumentation",
    severity: "warning",
    message: `${first} and ${second} record the same calls. Spancost's ledger counts each call once; other tools that read these spans count it twice.`,
    fix: `Keep one of them. ${isOurs(first) ? `${first} sees retries and streams to their end; ` : ""}remove ${second} unless you need its spans for something else.`,
    ...toPlace(findImport(app, second)),
  }));
}

/** Versions that nobody has tested with our instrumentations. */
export function checkVersions(app: AppFacts): Finding[] {
  const sdks = Object.entries(PROVIDER_SDKS).flatMap(([name, { range }]) => {
    const version = app.installed.get(name);
    return version === undefined || satisfies(version, range) ? [] : [toVersionFinding(name, version, range)];
  });
  const node = satisfies(app.nodeVersion, NODE_RANGE) ? [] : [toVersionFinding("Node", app.nodeVersion, NODE_RANGE)];
  return [...sdks, ...node];
}

/** Packages that the manifest names and nobody installed: the doctor cannot see their versions. */
export function checkInstalled(app: AppFacts): Finding[] {
  const names = app.missing.filter((name) => name in PROVIDER_SDKS || FRAMEWORKS.includes(name));
  return names.map((name) => ({
    check: "not-installed",
    severity: "warning",
    message: `${name} is declared and not installed, so its version could not be checked.`,
    fix: "Install the app's dependencies, then run the doctor again.",
    where: "package.json",
  }));
}

function toVersionFinding(name: string, version: string, range: string): Finding {
  return {
    check: "unsupported-version",
    severity: "error",
    message: `${name} ${version} is outside the versions that are tested (${range}), so calls may be missed or misread.`,
    fix: `Use a version in ${validRange(range) ?? range}.`,
    where: "package.json",
  };
}

function readSelfTracing(app: AppFacts): (readonly [string, Coverage])[] {
  const version = app.installed.get(SELF_TRACING.name);
  const traces = version !== undefined && intersects(version, SELF_TRACING.range) && isUsed(app, SELF_TRACING.name);
  return traces ? [[`${SELF_TRACING.name} ${version} itself`, SELF_TRACING.coverage]] : [];
}

function isOurs(name: string): boolean {
  return name in OUR_INSTRUMENTATIONS;
}

function overlaps(first: Coverage, second: Coverage): boolean {
  return first === "all" || second === "all" || first === second;
}

function toPackageEnd(coverage: Coverage): string {
  return coverage === "google" ? "google-genai" : coverage === "bedrock" ? "aws-bedrock" : coverage;
}

function toPlace(where: string | undefined): { where?: string } {
  return where === undefined ? {} : { where };
}
