/** A setting of the whole process, whichever copy of this package it was set through: bundles and package managers make several. */
export interface ProcessSetting<Given, Compiled> {
  /** Sets it, or with `undefined` ends it, from now on. */
  set(given: Given | undefined): void;
  /** What this copy makes of what is set; made anew when that changes. */
  get(): Compiled | undefined;
}

/** Where all copies keep what was given; the number changes when what is kept under a name does. */
const SETTINGS_KEY = Symbol.for("spancost.otel.settings.1");

/** Creates a setting; `name` is the same in all copies. */
export function createProcessSetting<Given, Compiled>(
  name: string,
  compile: (given: Given) => Compiled,
): ProcessSetting<Given, Compiled> {
  const holder = globalThis as { [SETTINGS_KEY]?: Map<string, unknown> };
  const settings = (holder[SETTINGS_KEY] ??= new Map());
  let seen: unknown;
  let compiled: Compiled | undefined;
  return {
    set(given) {
      if (given === undefined) settings.delete(name);
      else settings.set(name, given);
    },
    get() {
      const given = settings.get(name);
      if (given !== seen) {
        seen = given;
        compiled = given === undefined ? undefined : compile(given as Given);
      }
      return compiled;
    },
  };
}
