import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packagesDir = join(root, "packages");
const packages = readdirSync(packagesDir).filter((name) => statSync(join(packagesDir, name)).isDirectory());

/** The picture in docs/architecture.md: a line a package, `name -> what it may import`. */
function readPicture(): Map<string, Set<string>> {
  const text = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const block = /```imports\n([^]*?)```/.exec(text)?.[1] ?? "";
  const lines = block.split("\n").filter((line) => line.includes("->"));
  return new Map(
    lines.map((line) => {
      const [name = "", targets = ""] = line.split("->").map((part) => part.trim());
      return [name, new Set(targets === "nothing" ? [] : targets.split(/,\s*/))] as const;
    }),
  );
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

function readManifest(name: string): Manifest {
  return JSON.parse(readFileSync(join(packagesDir, name, "package.json"), "utf8")) as Manifest;
}

function ownDependencies({ dependencies = {} }: Manifest): string[] {
  return Object.keys(dependencies)
    .filter((dependency) => dependency.startsWith("@spancost/"))
    .map((dependency) => dependency.slice("@spancost/".length));
}

/** Bare specifiers that the sources of a package import. */
function importedNames(name: string): Set<string> {
  const files = readdirSync(join(packagesDir, name, "src"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const names = new Set<string>();
  for (const file of files) {
    const text = readFileSync(join(packagesDir, name, "src", file), "utf8");
    for (const [, specifier = ""] of text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^".][^"]*)"/gm))
      names.add(specifier);
  }
  return names;
}

const picture = readPicture();

describe("the picture of imports in docs/architecture.md", () => {
  it("has every package, and no other", () => {
    expect([...picture.keys()].sort()).toEqual([...packages].sort());
  });

  it.each(packages)("is what %s declares and imports", (name) => {
    const allowed = picture.get(name) ?? new Set();
    const manifest = readManifest(name);
    expect(ownDependencies(manifest).filter((dependency) => !allowed.has(dependency))).toEqual([]);
    expect([...allowed].filter((dependency) => !ownDependencies(manifest).includes(dependency))).toEqual([]);
    const declared = new Set([
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.peerDependencies ?? {}),
      manifest.name,
    ]);
    const undeclared = [...importedNames(name)].filter((specifier) => {
      const packageName = specifier.startsWith("@")
        ? specifier.split("/").slice(0, 2).join("/")
        : (specifier.split("/")[0] ?? "");
      return !specifier.startsWith("node:") && !declared.has(packageName);
    });
    expect(undeclared).toEqual([]);
  });

  it("lets the core import nothing", () => {
    expect([...importedNames("core")]).toEqual([]);
  });

  it("keeps the user's process free of the server's packages", () => {
    const serverSide = new Set(["clickhouse", "collector", "server", "cli"]);
    for (const name of packages.filter(
      (each) => each === "otel" || each === "llm-wire" || each.startsWith("instrumentation"),
    )) {
      expect([...(picture.get(name) ?? [])].filter((target) => serverSide.has(target))).toEqual([]);
    }
  });
});
