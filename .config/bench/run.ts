// Runs packages/*/bench/*.ts, each in a Node of its own, on the built output. Usage: npm run bench [-- part-of-a-path ...] [--json]
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type ComparisonResult, formatResult } from "./compare.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const asJson = process.argv.includes("--json");

const files = globSync("packages/*/bench/*.ts", { cwd: root })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
let failures = 0;
for (const file of files) {
  if (!asJson) console.log(`\n${file}`);
  const code = await runBench(file);
  if (code !== 0) console.error(`${file}: ended with ${code}`);
  failures += code === 0 ? 0 : 1;
}
process.exitCode = failures === 0 ? 0 : 1;

/** Runs one file, showing each comparison when it is there; what else it prints is passed on. */
function runBench(file: string): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--no-warnings", file, "--json"], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    createInterface({ input: child.stdout }).on("line", (line) => showLine(file, line));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

function showLine(file: string, line: string): void {
  if (!line.startsWith("{")) {
    if (!asJson) console.log(line);
    return;
  }
  const result = JSON.parse(line) as ComparisonResult;
  console.log(asJson ? JSON.stringify({ file, ...result }) : formatResult(result));
}
