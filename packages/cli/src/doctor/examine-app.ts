import { checkAttribution, checkExportedAttribution } from "./checks/attribution.ts";
import { checkBaggage } from "./checks/boundary.ts";
import { checkApiCopies, checkContextManager } from "./checks/context.ts";
import { checkDoubleInstrumentation } from "./checks/double-instrumentation.ts";
import { checkInstalled, checkUnseenCalls, checkVersions } from "./checks/instrumentation.ts";
import { checkNode, checkSpancostLoaded } from "./checks/node.ts";
import { checkSampling, checkStreams } from "./checks/usage.ts";
import { type Finding, createFinding } from "./finding.ts";
import type { AppFacts } from "./read-app.ts";

type Check = (app: AppFacts) => Finding[];

const CHECKS: readonly Check[] = [
  checkUnseenCalls,
  checkAttribution,
  checkExportedAttribution,
  checkContextManager,
  checkBaggage,
  checkStreams,
  checkSampling,
  checkVersions,
  checkSpancostLoaded,
  checkNode,
  checkApiCopies,
  checkDoubleInstrumentation,
  checkInstalled,
  checkReadable,
];

/** Runs every check on an app; errors first. */
export function examineApp(app: AppFacts): Finding[] {
  const findings = CHECKS.flatMap((check) => check(app));
  return findings.toSorted((a, b) => Number(a.severity === "warning") - Number(b.severity === "warning"));
}

function checkReadable(app: AppFacts): Finding[] {
  const unread = app.sources.filter(({ problem }) => problem !== undefined);
  const fix = "Correct the file, or look by hand at what it calls.";
  return unread.map(({ file, problem }) => {
    const message = `The file could not be read as a program, so what it does was not checked: ${problem}`;
    return createFinding("unreadable-source", message, fix, file);
  });
}
