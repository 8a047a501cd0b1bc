/** The statement that writes its result to a file that must not exist. */
export type ToSql = (quotedPath: string) => string;

/** How a result gets out of the engine: by a file that the engine writes, or as a whole in memory. */
export type ResultPlan = { readonly by: "file"; readonly toSql: ToSql } | { readonly by: "memory" };

const SELECT = /^\s*(?:SELECT|WITH)\b/i;
const LAST_FORMAT = /\s+FORMAT\s+(\w+)\s*;?\s*$/i;
const END = /\s*;?\s*$/;
/** A comment could hold the FORMAT that is found, or hide the one that counts; INTO and SETTINGS can stand beside it. */
const UNSURE = /--|#|\/\*|;|\b(?:FORMAT|INTO|INSERT)\b/i;
const FORMAT_NAME = /^\w+$/;

/**
 * Plans the result of a statement; in doubt it stays in memory. The engine's own streams are not used: it works out a statement's scalar
 * subqueries when a stream is opened, which it does on the thread that serves all other queries and the heartbeat.
 * @param format of the result when the statement names none
 */
export function planResult(sql: string, format: string): ResultPlan {
  if (!SELECT.test(sql)) return { by: "memory" };
  const last = LAST_FORMAT.exec(sql);
  const select = last === null ? sql.replace(END, "") : sql.slice(0, last.index);
  const named = last?.[1] ?? format;
  if (UNSURE.test(select) || !FORMAT_NAME.test(named)) return { by: "memory" };
  return { by: "file", toSql: (quotedPath) => `${select} INTO OUTFILE ${quotedPath} FORMAT ${named}` };
}
