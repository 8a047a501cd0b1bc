import type { OutgoingHeaders } from "./guard-headers.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Headers as an app gives them to a request of HTTP/2: an object, or names and values in turn. They stay as they are; a copy is changed. */
export class GivenHeaders implements OutgoingHeaders {
  readonly #given: unknown;
  #changed: unknown[] | Fields | undefined;

  constructor(given: unknown) {
    this.#given = given;
  }

  /** What to send instead; `undefined` when nothing was changed. */
  get changed(): unknown[] | Fields | undefined {
    return this.#changed;
  }

  /** The first value under a name, as text. */
  readText(name: string): string | undefined {
    return this.read(name)[0];
  }

  read(name: string): readonly string[] {
    const values: unknown[] = [];
    for (const [key, value] of toEntries(this.#changed ?? this.#given)) if (isNamed(key, name)) values.push(value);
    return values.flat().filter((value) => typeof value === "string");
  }

  replace(name: string, value: string | undefined): void {
    const source = this.#changed ?? this.#given;
    this.#changed = Array.isArray(source) ? replaceInList(source, name, value) : replaceInFields(source, name, value);
  }
}

function toEntries(headers: unknown): readonly (readonly [unknown, unknown])[] {
  if (typeof headers !== "object" || headers === null) return [];
  if (!Array.isArray(headers)) return Object.entries(headers);
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : []));
}

function replaceInList(headers: readonly unknown[], name: string, value: string | undefined): unknown[] {
  const rest = headers.filter((_, index) => !isNamed(headers[index - (index % 2)], name));
  return value === undefined ? rest : [...rest, name, value];
}

/** Symbols among the fields, which say what is sensitive, are copied too. */
function replaceInFields(headers: unknown, name: string, value: string | undefined): Fields {
  const copy: Record<string, unknown> = Object.assign(Object.create(null), headers);
  for (const key of Object.keys(copy)) if (isNamed(key, name)) Reflect.deleteProperty(copy, key);
  if (value !== undefined) copy[name] = value;
  return copy;
}

function isNamed(key: unknown, name: string): boolean {
  return typeof key === "string" && key.length === name.length && key.toLowerCase() === name;
}
