import { InterfaceError } from "../http-interface/query-request.ts";
import { quoteName, quoteText } from "../quote.ts";

/** Text that is not searched for placeholders (quoted texts and names, comments), or a placeholder. */
const TOKEN =
  /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"|`(?:[^`\\]|\\[^]|``)*`|--[^\n]*|\/\*[^]*?\*\/|\{\s*([A-Za-z_]\w*)\s*:\s*([^}]+?)\s*\}/g;
const TEXT_TYPE = /^(?:LowCardinality\(\s*)?(?:Nullable\(\s*)?(?:String|FixedString|Enum)/;
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", 0: "\0" };
const NULL_TEXT = "\\N";

/**
 * Puts parameters into a statement as typed literals. The engine's own binding is one state for the whole process: two queries at once
 * would get each other's values.
 * @param params texts as ClickHouse's HTTP interface carries them, escaped as in TabSeparated
 * @throws InterfaceError for a placeholder without a value
 */
export function bindParameters(sql: string, params: Readonly<Record<string, string>>): string {
  return sql.replace(TOKEN, (token: string, name: string | undefined, type: string | undefined) => {
    if (name === undefined || type === undefined) return token;
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    if (value === undefined)
      throw new InterfaceError(456, "UNKNOWN_QUERY_PARAMETER", 400, `Substitution \`${name}\` is not set`);
    return toLiteral(value, type);
  });
}

function toLiteral(value: string, type: string): string {
  if (type === "Identifier") return quoteName(unescape(value));
  if (value === NULL_TEXT) return `CAST(NULL, ${quoteText(type)})`;
  if (type === "String") return quoteText(unescape(value));
  return `CAST(${quoteText(TEXT_TYPE.test(type) ? unescape(value) : value)}, ${quoteText(type)})`;
}

function unescape(text: string): string {
  return text.replace(/\\([^])/g, (_, char: string) => ESCAPES[char] ?? char);
}
