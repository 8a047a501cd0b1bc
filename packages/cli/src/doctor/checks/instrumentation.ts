import { satisfies } from "semver";
import { findImport, pickExpected, pickUsed } from "../app-questions.ts";
import { type Finding, createFinding } from "../finding.ts";
import {
  type Coverage,
  FRAMEWORKS,
  OTHER_INSTRUMENTATIONS,
  OUR_INSTRUMENTATIONS,
  PROVIDER_SDKS,
  overlaps,
} from "../gen-ai-packages.ts";
import type { AppFacts } from "../read-app.ts";

/** Calls of an SDK that nothing would see. */
export function checkUnseenCalls(app: AppFacts): Finding[] {
  const seen = [...pickExpected(app, OUR_INSTRUMENTATIONS), ...pickUsed(app, OTHER_INSTRUMENTATIONS)];
  const unseen = pickUsed(app, PROVIDER_SDKS).filter(
    ([, sdk]) => !seen.some(([, coverage]) => overlaps(coverage, sdk.coverage)),
  );
  return unseen.map(([name, { coverage }]) => {
    const message = `${name} is used and nothing instruments it, so its calls cost money that nobody sees.`;
    const fix = `Start the app with "node --import @spancost/node/register", or register @spancost/instrumentation-${toPackageEnd(coverage)}.`;
    return createFinding("unseen-calls", message, fix, findImport(app, name));
  });
}

/** Versions that nobody has tested with our instrumentations. */
export function checkVersions(app: AppFacts): Finding[] {
  return Object.entries(PROVIDER_SDKS).flatMap(([name, { range }]) => {
    const version = app.installed.get(name);
    return version === undefined || satisfies(version, range) ? [] : [toVersionFinding(name, version, range)];
  });
}

/** Packages that the manifest names and nobody installed: the doctor cannot see their versions. */
export function checkInstalled(app: AppFacts): Finding[] {
  const names = app.missing.filter((name) => name in PROVIDER_SDKS || FRAMEWORKS.includes(name));
  return names.map((name) => {
    const message = `${name} is declared and not installed, so its version could not be checked.`;
    return createFinding(
      "not-installed",
      message,
      "Install the app's dependencies, then run the doctor again.",
      "package.json",
    );
  });
}

function toVersionFinding(name: string, version: string, range: string): Finding {
  const message = `${name} ${version} is outside the versions that are tested (${range}), so calls may be missed or misread.`;
  const fix = `Install the newest major that is tested: npm install ${name}@${toNewestMajor(range)}.`;
  return createFinding("unsupported-version", message, fix, "package.json");
}

/** The ranges of the table end before a major: `<8.0.0` is 7. */
function toNewestMajor(range: string): number {
  return Number(/<(\d+)/.exec(range)?.[1]) - 1;
}

function toPackageEnd(coverage: Coverage): string {
  return coverage === "google" ? "google-genai" : coverage === "bedrock" ? "aws-bedrock" : coverage;
}
