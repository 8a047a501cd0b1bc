// Bundles the app with all its dependencies into one file, twice: `node bundle.mjs FOLDER` writes app.mjs and app.cjs there.
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
