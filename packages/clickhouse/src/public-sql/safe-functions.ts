import type { ClickHouseClient } from "@clickhouse/client";

/** Categories of the engine's functions that only compute: none reads files, settings, dictionaries, other tables or the server. */
const SAFE_CATEGORIES: readonly string[] = [
  "Arithmetic",
  "Arrays",
  "Bit",
  "Bitmap",
  "Comparison",
  "Conditional",
  "Dates and Times",
  "Distance",
  "Encoding",
  "Financial",
  "Hash",
  "IP Address",
  "JSON",
  "Logical",
  "Map",
  "Mathematical",
  "Null",
  "Random Number",
  "Rounding",
  "String",
  "String Replacement",
  "String Search",
  "String Splitting",
  "Time Window",
  "Tuple",
  "Type Conversion",
  "URL",
  "UUID",
];

/** Functions in no safe category that only compute, too: the parser writes them, or window queries need them. */
const SAFE_BY_NAME: readonly string[] = [
  "lambda",
  "exists",
  "casewithexpression",
  "casewithoutexpression",
  "arrayjoin",
  "bar",
  "formatreadablesize",
  "formatreadablequantity",
  "formatreadabledecimalsize",
  "formatreadabletimedelta",
  "runningdifference",
  "rownumberinallblocks",
  "row_number",
  "rank",
  "dense_rank",
  "ntile",
  "lag",
  "lead",
  "laginframe",
  "leadinframe",
  "first_value",
  "last_value",
  "nth_value",
  "totypename",
  "ignore",
  "greatest",
  "least",
  "version",
  "timezone",
  "displayname",
  "revision",
  "currentdatabase",
  "transform",
];

/** Endings that make an aggregate function another one. */
const COMBINATORS =
  /(?:If|Array|Map|Distinct|OrNull|OrDefault|State|Merge|MergeState|ForEach|Resample|ArgMin|ArgMax|SimpleState)$/;

/** Tells what a stranger may call. */
export interface SafeFunctions {
  /** Whether a function may be called. */
  has(name: string): boolean;
  /** Whether a name is a function's that may not be called: the engine takes names as arguments for functions, as in `arrayMap(file, ...)`. */
  isUnsafe(name: string): boolean;
}

/** Reads from the engine which functions it has in safe categories; aliases stand for what they name. */
export async function loadSafeFunctions(client: ClickHouseClient): Promise<SafeFunctions> {
  const result = await client.query({
    query: `SELECT lower(f.name) AS name, f.is_aggregate OR has({categories:Array(String)}, if(f.alias_to = '', f.categories, base.categories)) AS safe
FROM system.functions AS f LEFT JOIN system.functions AS base ON base.name = f.alias_to`,
    query_params: { categories: SAFE_CATEGORIES },
    format: "JSONEachRow",
  });
  const rows = await result.json<{ name: string; safe: number }>();
  const safe = new Set([...SAFE_BY_NAME, ...rows.filter((row) => row.safe === 1).map(({ name }) => name)]);
  const all = new Set(rows.map(({ name }) => name));
  return {
    has: (name) => isSafe(safe, name),
    isUnsafe: (name) => all.has(name.toLowerCase()) && !isSafe(safe, name),
  };
}

function isSafe(safe: ReadonlySet<string>, name: string): boolean {
  if (safe.has(name.toLowerCase())) return true;
  const base = name.replace(COMBINATORS, "");
  return base !== name && base !== "" && isSafe(safe, base);
}
