// Bundles with all dependencies: `node bundle.mjs FOLDER` writes server.mjs, in chunks, and server.cjs, one minified file, there.
import { join } from "node:path";
import { build } from "esbuild";

const [, , folder = "dist"] = process.argv;
const common = {
  entryPoints: [join(import.meta.dirname, "server.ts")],
  bundle: true,
  platform: "node",
  target: "node22",
  // Where Spancost looks for further copies of packages; a bundle has none.
  logOverride: { "empty-import-meta": "silent" },
};

await build({
  ...common,
  format: "esm",
  splitting: true,
  outdir: folder,
  outExtension: { ".js": ".mjs" },
  // Dependencies that are CommonJS ask for Node's own modules with `require`, which an ES module does not have.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
await build({ ...common, format: "cjs", minify: true, outfile: join(folder, "server.cjs") });
