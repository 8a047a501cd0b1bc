import type { AppFacts } from "./read-app.ts";
import type { CallFact, SourceFacts } from "./source-facts.ts";

const SPANCOST_NODE = "@spancost/node";

/** A call and where it stands. */
export interface PlacedCall extends CallFact {
  /** `file:line` */
  readonly where: string;
}

/** Whether the app's own source imports a package, or a script loads it. */
export function isUsed(app: AppFacts, packageName: string): boolean {
  return findImport(app, packageName) !== undefined || new RegExp(`${escape(packageName)}\\b`).test(app.scripts);
}

/** Whether something in the folder loads `@spancost/node`: source, a script, or a file that starts the app. */
export function isSpancostNodeLoaded(app: AppFacts): boolean {
  return isUsed(app, SPANCOST_NODE) || app.startText.includes(`${SPANCOST_NODE}/register`);
}

/** Whether `@spancost/node` is loaded, or is a dependency and so most likely loaded from a shell. */
export function isSpancostNodeExpected(app: AppFacts): boolean {
  return isSpancostNodeLoaded(app) || app.installed.has(SPANCOST_NODE) || app.missing.includes(SPANCOST_NODE);
}

/** Whether the app's source imports this name from anywhere. */
export function isImported(app: AppFacts, name: string): boolean {
  return app.sources.some(({ imports }) => imports.some(({ names }) => names.includes(name)));
}

/** Where the app's source first imports a package or a subpath of it, as `file:line`. */
export function findImport(app: AppFacts, packageName: string): string | undefined {
  for (const source of app.sources) {
    const found = source.imports.find(({ module }) => isFrom(module, packageName));
    if (found !== undefined) return `${source.file}:${found.line}`;
  }
  return undefined;
}

/** Calls and constructions whose name, or last part of it, is one of these. */
export function findCalls(app: AppFacts, names: ReadonlySet<string>): PlacedCall[] {
  return app.sources.flatMap((source) =>
    source.calls
      .filter(({ callee }) => names.has(callee.slice(callee.lastIndexOf(".") + 1)))
      .map((call) => place(source, call)),
  );
}

/** Calls whose name ends so, whatever they are called on: `chat.completions.create`. */
export function findCallsEnding(app: AppFacts, end: string): PlacedCall[] {
  return app.sources.flatMap((source) =>
    source.calls.filter(({ callee }) => `.${callee}`.endsWith(`.${end}`)).map((call) => place(source, call)),
  );
}

/** The packages of a table that the app uses. */
export function pickUsed<Value>(app: AppFacts, table: Readonly<Record<string, Value>>): (readonly [string, Value])[] {
  return Object.entries(table).filter(([name]) => isUsed(app, name));
}

/** The packages of a table that the app uses, or most likely uses: `@spancost/node` that is a dependency. */
export function pickExpected<Value>(
  app: AppFacts,
  table: Readonly<Record<string, Value>>,
): (readonly [string, Value])[] {
  return Object.entries(table).filter(
    ([name]) => isUsed(app, name) || (name === SPANCOST_NODE && isSpancostNodeExpected(app)),
  );
}

function place(source: SourceFacts, call: CallFact): PlacedCall {
  return { ...call, where: `${source.file}:${call.line}` };
}

function isFrom(module: string, packageName: string): boolean {
  return module === packageName || module.startsWith(`${packageName}/`);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
