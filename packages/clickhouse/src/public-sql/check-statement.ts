import { StoreError } from "../store-error.ts";
import type { SafeFunctions } from "./safe-functions.ts";
import type { ParsedStatement, SyntaxNode } from "./syntax-tree.ts";

/** What a stranger's statement may use. */
export interface PublicSchema {
  /** Public views and tables, by name within the database. */
  readonly tables: ReadonlySet<string>;
  /** Every other table of the database. */
  readonly privateTables: ReadonlySet<string>;
  /** Every database of the engine, lower case. */
  readonly databases: ReadonlySet<string>;
  readonly functions: SafeFunctions;
  /** Columns of the public tables: some have a function's name. */
  readonly columns: ReadonlySet<string>;
}

/** Name of the database that the public views are in. */
export const DATABASE = "spancost";

/** Kinds of nodes that a SELECT may consist of. All others (settings, output files, transformers, ...) are refused. */
const ALLOWED_KINDS: ReadonlySet<string> = new Set([
  "SelectWithUnionQuery",
  "SelectIntersectExceptQuery",
  "SelectQuery",
  "ExpressionList",
  "Identifier",
  "Function",
  "Literal",
  "Subquery",
  "TablesInSelectQuery",
  "TablesInSelectQueryElement",
  "TableExpression",
  "TableIdentifier",
  "TableJoin",
  "ArrayJoin",
  "OrderByElement",
  "InterpolateElement",
  "Asterisk",
  "QualifiedAsterisk",
  "WithElement",
  "WindowDefinition",
  "WindowListElement",
  "QueryParameter",
  "SampleRatio",
]);

/**
 * Lets a statement pass that only reads public views with functions that only compute. What is not known to be harmless is refused.
 * @throws StoreError `query-refused`
 */
export function checkStatement({ nodes }: ParsedStatement, schema: PublicSchema): void {
  const [root, ...rest] = nodes;
  if (root?.kind === "DescribeQuery") {
    for (const node of rest) checkDescribed(node, schema);
    return;
  }
  if (root?.kind !== "SelectWithUnionQuery")
    throw refused(`Only SELECT and DESCRIBE are allowed here, this is ${root?.kind ?? "nothing"}.`);
  for (const [index, node] of rest.entries()) checkNode(node, rest[index - 1], schema);
}

function checkDescribed(node: SyntaxNode, schema: PublicSchema): void {
  if (node.kind === "TableIdentifier") checkTable(node.text, schema);
  else if (node.kind !== "TableExpression")
    throw refused(`DESCRIBE is allowed for the public tables only, not with ${node.kind}.`);
}

function checkNode(node: SyntaxNode, previous: SyntaxNode | undefined, schema: PublicSchema): void {
  if (!ALLOWED_KINDS.has(node.kind)) throw refused(`${describeKind(node.kind)} not allowed here.`);
  // Directly under the root stand the format, which is harmless, and the name of an output file, which is not.
  if (node.kind === "Literal" && node.depth <= 1) throw refused("INTO OUTFILE is not allowed here.");
  if (node.kind === "TableIdentifier") checkTable(node.text, schema);
  if (node.kind === "Identifier") checkName(node.text, schema);
  if (node.kind === "QueryParameter" && /identifier/i.test(node.text))
    throw refused("Parameters of the type Identifier are not allowed here.");
  if (node.kind === "Function") {
    if (previous?.kind === "TableExpression")
      throw refused(`The table function ${node.text} is not allowed here. ${publicTables(schema)}`);
    if (!schema.functions.has(node.text)) throw refused(`The function ${node.text} is not allowed here.`);
  }
}

/** A table is public, or a name without a database that no table has: then it is one that the statement itself defines. */
function checkTable(text: string, schema: PublicSchema): void {
  const name = unquote(text);
  const [first = "", second] = name.split(".");
  const inDatabase = second === undefined ? first : first.toLowerCase() === DATABASE ? second : null;
  const known = inDatabase !== null && schema.tables.has(inDatabase);
  const defined = second === undefined && first !== "" && !schema.privateTables.has(first);
  if (!known && !defined)
    throw refused(`The table ${name || "of a parameter"} is not allowed here. ${publicTables(schema)}`);
}

/** A name can be a column's, but after IN it can be a table's. */
function checkName(text: string, schema: PublicSchema): void {
  const name = unquote(text);
  const [first = "", second] = name.split(".");
  const inOtherDatabase =
    second !== undefined && schema.databases.has(first.toLowerCase()) && first.toLowerCase() !== DATABASE;
  const last = name.split(".").at(-1) ?? "";
  if (schema.functions.isUnsafe(last) && !schema.columns.has(last)) {
    throw refused(`The name ${last} is not allowed here: it is a function's. Choose another name.`);
  }
  const isPrivate =
    schema.privateTables.has(first) || (first.toLowerCase() === DATABASE && !schema.tables.has(second ?? ""));
  if (inOtherDatabase || (isPrivate && name !== DATABASE))
    throw refused(`The name ${name} is not allowed here. ${publicTables(schema)}`);
}

function unquote(text: string): string {
  return text.replaceAll("`", "").replaceAll('"', "").trim();
}

function describeKind(kind: string): string {
  return kind === "Set" ? "SETTINGS are" : `${kind} is`;
}

function publicTables({ tables }: PublicSchema): string {
  return `Public are ${[...tables].map((table) => `${DATABASE}.${table}`).join(", ")}.`;
}

function refused(message: string): StoreError {
  return new StoreError("query-refused", message);
}
