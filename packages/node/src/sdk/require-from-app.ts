/** Files and folders from which the app's own copies of packages are found: its main file, and the folder that it was started in. */
export function getAppPlaces(): readonly string[] {
  const { argv } = process;
  return [...(argv[1] === undefined ? [] : [argv[1]]), `${process.cwd()}/`];
}

/** The copies of a package that the app, and this package, load under its name; none when there are none, as in a bundle. */
export function requireFromApp(name: string): readonly unknown[] {
  // No import: bundles for ES modules commonly begin with an import of that name.
  const { createRequire } = process.getBuiltinModule("node:module");
  const found = [...getAppPlaces(), import.meta.url].flatMap((place) => {
    try {
      return [createRequire(place)(name) as unknown];
    } catch {
      return [];
    }
  });
  return [...new Set(found)];
}
