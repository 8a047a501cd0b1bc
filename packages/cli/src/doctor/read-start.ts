import { globSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";

/** Versions of Node that the app says it runs on. */
export interface NodeVersion {
  /** A semver range or version, or a name such as `lts/*`. */
  readonly range: string;
  /** The file that says so. */
  readonly where: string;
}

/** Files that start apps or set `NODE_OPTIONS`, in the app's folder or one below. They may hold secrets: only looked through, never shown. */
const START_FILES = [
  "Dockerfile*",
  "*.Dockerfile",
  "Containerfile",
  "Procfile*",
  "*.sh",
  "ecosystem.config.*",
  ".env*",
  "*compose*.{yml,yaml}",
].flatMap((name) => [name, `*/${name}`]);
const VERSION_FILES = [".nvmrc", ".node-version"] as const;
/** Larger ones are no start files, in bytes. */
const MAX_FILE_BYTES = 256 * 1024;
const COMMENT = /^\s*(?:#|\/\/)/;

/** The lines of files that start apps, comments left out. */
export function readStartText(folder: string): string {
  const exclude = (path: string) => basename(path) === "node_modules";
  const texts = globSync(START_FILES, { cwd: folder, exclude }).map((file) => readSmallFile(join(folder, file)) ?? "");
  const lines = texts.flatMap((text) => text.split("\n"));
  return lines.filter((line) => !COMMENT.test(line)).join("\n");
}

/** What `engines`, `.nvmrc` and `.node-version` say, and the Node that runs the doctor where that is the app's. */
export function readNodeVersions(
  folder: string,
  engine: string | undefined,
  running: string | undefined,
): NodeVersion[] {
  const declared = VERSION_FILES.map((where) => ({ range: readSmallFile(join(folder, where))?.trim(), where }));
  const all = [{ range: engine, where: "package.json" }, ...declared, { range: running, where: "node --version" }];
  return all.flatMap(({ range, where }) => (range === undefined || range === "" ? [] : [{ range, where }]));
}

function readSmallFile(file: string): string | undefined {
  try {
    const { size } = statSync(file);
    return size <= MAX_FILE_BYTES ? readFileSync(file, "utf8") : undefined;
  } catch {
    return undefined;
  }
}
