// Generates src/otlp/generated from proto/otlp-trace.proto. Needs no network: compiler and plugin are packages.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packageDir = fileURLToPath(new URL("..", import.meta.url));
const bin = (name: string) => `${packageDir}node_modules/.bin/${name}`;

/** Whether compiler and plugin are installed; a production install has neither. */
export const generatorIsThere = existsSync(bin("buf")) && existsSync(bin("protoc-gen-es"));

/** Generates into a folder. @throws Error with what the compiler said */
export function generateOtlp(outDir: string): void {
  const plugin = { local: bin("protoc-gen-es"), out: outDir, opt: ["target=ts", "import_extension=ts"] };
  const template = JSON.stringify({ version: "v2", plugins: [plugin] });
  const result = spawnSync(bin("buf"), ["generate", `${packageDir}proto`, "--template", template], {
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(`buf generate failed: ${result.stderr || String(result.error)}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generateOtlp(`${packageDir}src/otlp/generated`);
