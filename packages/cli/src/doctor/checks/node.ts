import { isSpancostNodeExpected, isSpancostNodeLoaded } from "../app-questions.ts";
import { subset, validRange } from "semver";
import { type Finding, createFinding } from "../finding.ts";
import type { AppFacts } from "../read-app.ts";

const NODE_RANGE = ">=22.15.0";

/** `@spancost/node` that is a dependency and that nothing in the folder loads: it may be loaded from a shell, or not at all. */
export function checkSpancostLoaded(app: AppFacts): Finding[] {
  if (!isSpancostNodeExpected(app) || isSpancostNodeLoaded(app)) return [];
  const message =
    "@spancost/node is installed and no script or source file loads it. Unless the app is started with it, its calls cost money that nobody sees.";
  const fix = 'Start the app with "node --import @spancost/node/register", best in the start script of package.json.';
  return [createFinding("spancost-not-loaded", message, fix, "package.json")];
}

/** Versions of Node, as the app declares them, that our packages do not run on. */
export function checkNode(app: AppFacts): Finding[] {
  const unsupported = app.nodeVersions.filter(({ range }) => isVersion(range) && !subset(range, NODE_RANGE));
  return unsupported.map(({ range, where }) => {
    const message = `The app may run on a Node older than 22.15 (${where} says ${range}), which Spancost's packages do not support.`;
    return createFinding(
      "unsupported-node",
      message,
      'Run the app on Node 22.15 or newer, and say ">=22.15" here.',
      where,
    );
  });
}

/** Names such as `lts/*` say no version. */
function isVersion(range: string): boolean {
  return validRange(range) !== null;
}
