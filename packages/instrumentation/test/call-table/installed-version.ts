import { readFileSync } from "node:fs";

/** The version of a dependency, by the name it has in a test's package. `testUrl`: the test's `import.meta.url`. */
export function readInstalledVersion(testUrl: string, dependency: string): string {
  const manifest = new URL(`../node_modules/${dependency}/package.json`, testUrl);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return version;
}
