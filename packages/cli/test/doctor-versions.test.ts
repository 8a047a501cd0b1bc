import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { major, minVersion, satisfies } from "semver";
import { describe, expect, it } from "vitest";
import { PROVIDER_SDKS } from "../src/doctor/gen-ai-packages.ts";

const PACKAGES = fileURLToPath(new URL("../..", import.meta.url));

/** Versions of a provider's SDK that the instrumentations' tests install, under its own name or an alias. */
function readTestedVersions(sdk: string): string[] {
  return globSync("instrumentation-*/package.json", { cwd: PACKAGES }).flatMap((file) => {
    const { devDependencies } = JSON.parse(readFileSync(`${PACKAGES}/${file}`, "utf8")) as {
      devDependencies: Record<string, string>;
    };
    return Object.entries(devDependencies).flatMap(([name, version]) => {
      if (name === sdk) return [version];
      return version.startsWith(`npm:${sdk}@`) ? [version.slice(`npm:${sdk}@`.length)] : [];
    });
  });
}

describe.each(Object.entries(PROVIDER_SDKS))("the doctor's range for %s", (sdk, { range }) => {
  it("holds what the call tables run, and begins and ends with their majors", () => {
    const tested = readTestedVersions(sdk);
    expect(tested.length).toBeGreaterThan(1);
    for (const version of tested) expect(satisfies(version, range)).toBe(true);
    const majors = tested.map((version) => major(version));
    expect(major(minVersion(range) ?? "")).toBe(Math.min(...majors));
    expect(satisfies(`${Math.max(...majors) + 1}.0.0`, range)).toBe(false);
  });
});
