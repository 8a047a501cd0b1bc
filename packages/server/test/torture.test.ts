import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const TORTURE = fileURLToPath(new URL("../torture/main.ts", import.meta.url));
const SABOTAGES = ["lose", "double", "misprice", "lose-span", "misprice-spend"];
const TIMEOUT_MS = 240_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spancost-test-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

// Some rounds of what `npm run torture` does for long, on the built output. What is stored is broken only after all of it was found right.
it(
  "keeps every acknowledged span once through kills, full disks and clock jumps, and finds what is then broken on purpose",
  async () => {
    const flags = ["--rounds", "4", "--size", "120", "--folder", folder, "--sabotage", SABOTAGES.join(",")];
    const child = spawn(process.execPath, ["--no-warnings", TORTURE, ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    for (const kind of SABOTAGES) expect(output).toContain(`sabotage ${kind}: found`);
    // Violations were found, so it must not look well.
    expect(code, output).toBe(1);
  },
  TIMEOUT_MS,
);
