// Bundles with all dependencies: `node bundle.mjs FOLDER` writes app.mjs, app.cjs and worker.mjs there.
import { join } from "node:path";
import { build } from "esbuild";

const [, , folder = "dist"] = process.argv;
const common = { entryPoints: [join(import.meta.dirname, "app.js")], bundle: true, platform: "node", target: "node22" };

await build({
  ...common,
  format: "esm",
  outfile: join(folder, "app.mjs"),
  // Dependencies that are CommonJS ask for Node's own modules with `require`, which an ES module does not have.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
await build({ ...common, format: "cjs", minify: true, outfile: join(folder, "app.cjs") });
// For an edge runtime: of Node's modules only those that the context manager needs, which Cloudflare has under `nodejs_compat`.
await build({
  ...common,
  entryPoints: [join(import.meta.dirname, "worker.js")],
  platform: "browser",
  conditions: ["workerd"],
  format: "esm",
  alias: { async_hooks: "node:async_hooks", events: "node:events" },
  external: ["node:*"],
  outfile: join(folder, "worker.mjs"),
});
