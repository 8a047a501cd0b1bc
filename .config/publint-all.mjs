// Runs publint on every package that is published; exits 1 when one has a problem.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const packagesDir = fileURLToPath(new URL("../packages", import.meta.url));
let problems = 0;
let checked = 0;
for (const entry of readdirSync(packagesDir, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const pkgDir = join(packagesDir, entry.name);
  const manifest = JSON.parse(readFileSync(join(pkgDir, "package.json"), "utf8"));
  if (manifest.private) continue;
  const { messages } = await publint({ pkgDir, pack: "npm", level: "warning" });
  checked += 1;
  problems += messages.length;
  for (const message of messages) console.log(`${manifest.name}: ${formatMessage(message, manifest)}`);
}
console.log(`publint: ${checked} packages checked, ${problems} problems`);
process.exit(problems === 0 ? 0 : 1);
