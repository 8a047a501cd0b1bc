import { Visitor, parseSync } from "oxc-parser";

/** What is known of a value without running the app; `undefined` when it is not a literal. */
export type Shape = string | number | boolean | null | ObjectShape | undefined;

/** An object literal: its known fields, and whether a spread may add more. */
export interface ObjectShape {
  readonly fields: ReadonlyMap<string, Shape>;
  readonly isOpen: boolean;
}

/** One import of a module, by `import`, `import()`, `export from` or `require`. */
interface ImportFact {
  readonly module: string;
  /** Imported names; empty for a whole module. */
  readonly names: readonly string[];
  readonly line: number;
}

/** A call or construction: `client.chat.completions.create(...)`, `new NodeSDK(...)`. */
export interface CallFact {
  /** The callee as written, without what cannot be named: `a.b().c` is `c`. */
  readonly callee: string;
  readonly isNew: boolean;
  readonly args: readonly Shape[];
  readonly line: number;
}

/** What the doctor knows of one source file. */
export interface SourceFacts {
  /** Relative to the app's folder. */
  readonly file: string;
  readonly imports: readonly ImportFact[];
  readonly calls: readonly CallFact[];
  /** Why the file could not be read in full. */
  readonly problem: string | undefined;
}

type Node = { readonly type: string; readonly start: number } & Readonly<Record<string, unknown>>;

/** Reads a JavaScript or TypeScript file's imports and calls. Never throws: a file that is no program has a `problem`. */
export function readSourceFacts(file: string, text: string): SourceFacts {
  const imports: ImportFact[] = [];
  const calls: CallFact[] = [];
  const lineOf = createLineFinder(text);
  const { program, errors } = parseSync(file, text);
  const addCall = (node: Node, isNew: boolean) => {
    const args = (node["arguments"] as readonly Node[]).map(toShape);
    const callee = toName(node["callee"] as Node);
    calls.push({ callee, isNew, args, line: lineOf(node.start) });
    const [module] = args;
    if (callee === "require" && typeof module === "string")
      imports.push({ module, names: [], line: lineOf(node.start) });
  };
  const addImport = (node: Node) => {
    const module = toShape(node["source"] as Node | null);
    const specifiers = (node["specifiers"] ?? []) as readonly Node[];
    const names = specifiers.map((one) => toName((one["imported"] ?? one["local"]) as Node));
    if (typeof module === "string") imports.push({ module, names, line: lineOf(node.start) });
  };
  new Visitor({
    CallExpression: (node) => addCall(node as unknown as Node, false),
    NewExpression: (node) => addCall(node as unknown as Node, true),
    ImportDeclaration: (node) => addImport(node as unknown as Node),
    ImportExpression: (node) => addImport(node as unknown as Node),
    ExportNamedDeclaration: (node) => addImport(node as unknown as Node),
    ExportAllDeclaration: (node) => addImport(node as unknown as Node),
  }).visit(program);
  return { file, imports, calls, problem: errors[0]?.message };
}

/** The object literal that a call was given at a place, or one without known fields. */
export function toObject(shape: Shape): ObjectShape | undefined {
  return typeof shape === "object" && shape !== null ? shape : undefined;
}

function toShape(node: Node | null | undefined): Shape {
  if (node?.type === "Literal") {
    const { value } = node;
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null
      ? value
      : undefined;
  }
  if (node?.type === "ObjectExpression") return toObjectShape(node);
  const isWrapped = node?.type === "TSAsExpression" || node?.type === "TSSatisfiesExpression";
  return isWrapped ? toShape(node["expression"] as Node) : undefined;
}

function toObjectShape(node: Node): ObjectShape {
  const fields = new Map<string, Shape>();
  let isOpen = false;
  for (const property of node["properties"] as readonly Node[]) {
    const key = property["key"] as Node | undefined;
    if (key === undefined || property["computed"] === true) isOpen = true;
    else fields.set(key.type === "Literal" ? String(key["value"]) : toName(key), toShape(property["value"] as Node));
  }
  return { fields, isOpen };
}

function toName(node: Node): string {
  if (node.type === "Identifier") return String(node["name"]);
  if (node.type === "ChainExpression" || node.type === "AwaitExpression" || node.type === "ParenthesizedExpression")
    return toName((node["expression"] ?? node["argument"]) as Node);
  if (node.type !== "MemberExpression" || node["computed"] === true) return "";
  const owner = toName(node["object"] as Node);
  const name = toName(node["property"] as Node);
  return owner === "" ? name : `${owner}.${name}`;
}

function createLineFinder(text: string): (offset: number) => number {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
