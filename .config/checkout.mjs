// Runs a command of this checkout with the checkout's own tools: the pinned pnpm, Node and dependencies.
// Needs only the system's Node (20 or newer) and npm. Usage: node .config/checkout.mjs ['command' ...] [extra arguments]
// Every quoted command runs in turn; extra arguments (from `npm run x -- ...`) go to the last one.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"];
const PARENT_CHECK_MS = 500;
const PNPM = "pnpm@12.21.0";
const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const stamp = join(root, "node_modules", ".spancost-install");

install();
const { commands, extra } = splitArguments(process.argv.slice(2));
for (const [index, command] of commands.entries()) {
  const last = index === commands.length - 1;
  await run(last ? [command, ...extra.map(quoteForShell)].join(" ") : command);
}

/** Installs when the lockfile or a manifest differs from what was installed last. */
function install() {
  const wanted = installKey();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error("Setting up: pnpm, Node and dependencies (once; about half a minute) ...");
  const flags = ["install", "--reporter=append-only", ...(process.env.CI ? ["--frozen-lockfile"] : [])];
  const result = spawnSync("npx", ["--yes", PNPM, ...flags], { cwd: root, encoding: "utf8", env: cleanEnvironment() });
  if (result.status !== 0) {
    console.error(result.stdout, result.stderr);
    console.error(`Setting up failed: "npx ${PNPM} install" ended with ${result.status ?? result.error}.`);
    process.exit(1);
  }
  writeFileSync(stamp, installKey());
}

function installKey() {
  const hash = createHash("sha256").update(PNPM);
  const manifests = ["packages", "docs/examples"].flatMap((dir) =>
    readdirSync(join(root, dir)).map((name) => join(dir, name, "package.json")),
  );
  for (const file of ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml", ...manifests.sort()]) {
    if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

/** A leading run of arguments are commands; they hold a space or name a tool, extra arguments come after the ones npm quoted. */
function splitArguments(args) {
  const end = args.findIndex((argument) => !/^(?:tsc|node|vitest|oxlint|oxfmt|knip) /.test(argument));
  return end === -1 ? { commands: args, extra: [] } : { commands: args.slice(0, end), extra: args.slice(end) };
}

/** Runs a command to its end; it ends with us, and with npm, which does not tell its scripts when it is stopped itself. */
async function run(command) {
  const child = spawn(`exec ${command}`, {
    cwd: root,
    env: { ...cleanEnvironment(), PATH: `${bin}${delimiter}${process.env.PATH}` },
    shell: true,
    stdio: "inherit",
  });
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), PARENT_CHECK_MS);
  const forward = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  const [status, signal] = await once(child, "close");
  for (const name of SIGNALS) process.off(name, forward);
  clearInterval(watch);
  if (signal) process.exit(128 + constants.signals[signal]);
  if (status !== 0) process.exit(status);
}

/** npm hands its own settings down as npm_* variables; pnpm must not take them for its own. */
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
}

function quoteForShell(argument) {
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}
