import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { type NodeVersion, readNodeVersions, readStartText } from "./read-start.ts";
import { type SourceFacts, readSourceFacts } from "./source-facts.ts";

/** What the doctor knows of an app without running it. */
export interface AppFacts {
  readonly folder: string;
  /** Versions of the direct dependencies that are installed, by name. */
  readonly installed: ReadonlyMap<string, string>;
  /** Direct dependencies that are declared and not installed. */
  readonly missing: readonly string[];
  readonly sources: readonly SourceFacts[];
  /** Versions of all copies of `@opentelemetry/api` under the app's `node_modules`. */
  readonly apiVersions: readonly string[];
  /** Scripts of the manifest, as one text. */
  readonly scripts: string;
  /** Lines of other files that start apps, such as a `Dockerfile`, as one text. */
  readonly startText: string;
  /** The versions of Node that the app says it runs on. */
  readonly nodeVersions: readonly NodeVersion[];
}

const SOURCES = "**/*.{js,mjs,cjs,jsx,ts,mts,cts,tsx}";
const SKIPPED_FOLDERS = new Set(["node_modules", "dist", "build", "out", "coverage", "vendor"]);
const TEST_FILE = /\.(?:test|spec|d)\.[cm]?[jt]sx?$/;
/** A bound, so that a doctor in the wrong folder ends. */
const MAX_FILES = 20_000;
/** Larger ones are bundles, in bytes. */
const MAX_FILE_BYTES = 1024 * 1024;
const API_COPIES = [
  "node_modules/@opentelemetry/api/package.json",
  "node_modules/*/node_modules/@opentelemetry/api/package.json",
  "node_modules/@*/*/node_modules/@opentelemetry/api/package.json",
  "node_modules/.pnpm/@opentelemetry+api@*/node_modules/@opentelemetry/api/package.json",
];

const NAME_AN_APP = "Run the doctor in an app's folder, or name one: spancost doctor FOLDER.";

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly engines?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

/**
 * Reads the app in a folder.
 * @param runningNode version of the Node that runs the doctor, where the app's is most likely the same
 * @throws CliError when there is no `package.json` that can be read
 */
export function readApp(folder: string, runningNode: string | undefined): AppFacts {
  const manifest = readManifest(join(folder, "package.json"));
  if (manifest === undefined) throw new CliError(`${explainNoApp(folder)} ${NAME_AN_APP}`, EXIT_CODE.usage);
  const names = Object.keys({ ...manifest.devDependencies, ...manifest.dependencies });
  const versions = names.map((name) => [name, findVersion(folder, name)] as const);
  const installed = versions.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  return {
    folder,
    installed: new Map(installed),
    missing: versions.filter(([, version]) => version === undefined).map(([name]) => name),
    sources: readSources(folder),
    apiVersions: readApiVersions(folder),
    scripts: Object.values(manifest.scripts ?? {}).join("\n"),
    startText: readStartText(folder),
    nodeVersions: readNodeVersions(folder, manifest.engines?.["node"], runningNode),
  };
}

function explainNoApp(folder: string): string {
  if (!existsSync(folder)) return `${folder} does not exist.`;
  const file = join(folder, "package.json");
  return existsSync(file) ? `${file} cannot be read as JSON.` : `${folder} has no package.json.`;
}

function readSources(folder: string): SourceFacts[] {
  const exclude = (path: string) => isSkipped(path);
  const files = globSync(SOURCES, { cwd: folder, exclude }).filter((file) => !TEST_FILE.test(file));
  return files
    .toSorted()
    .slice(0, MAX_FILES)
    .filter((file) => statSync(join(folder, file)).size <= MAX_FILE_BYTES)
    .map((file) => readSourceFacts(file, readFileSync(join(folder, file), "utf8")));
}

function isSkipped(path: string): boolean {
  const { base } = parse(path);
  return SKIPPED_FOLDERS.has(base) || (base.startsWith(".") && base !== ".");
}

/** The version of a package as Node would find it from the folder: the nearest `node_modules` upwards. */
function findVersion(folder: string, name: string): string | undefined {
  const version = readManifest(join(folder, "node_modules", name, "package.json"))?.version;
  const parent = dirname(folder);
  return version ?? (parent === folder ? undefined : findVersion(parent, name));
}

function readApiVersions(folder: string): string[] {
  const copies = API_COPIES.flatMap((pattern) => globSync(pattern, { cwd: folder }));
  const versions = copies.map((file) => readManifest(join(folder, file))?.version);
  return [...new Set(versions.filter((version) => version !== undefined))].toSorted();
}

function readManifest(file: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
