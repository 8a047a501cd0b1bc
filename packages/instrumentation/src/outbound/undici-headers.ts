import type { OutgoingHeaders } from "./guard-headers.ts";

const LINE_END = "\r\n";

/** A request of undici whose own headers can be changed until they are written. */
export interface ChangeableRequest {
  /** Lines in undici 5; names and values in turn since undici 6. */
  headers: unknown;
}

/** The headers of a request of undici, its own copy of what the app gave. */
export class UndiciHeaders implements OutgoingHeaders {
  readonly #request: ChangeableRequest;

  constructor(request: ChangeableRequest) {
    this.#request = request;
  }

  read(name: string): readonly string[] {
    const { headers } = this.#request;
    if (typeof headers === "string") return readLines(headers, name);
    const values: string[] = [];
    if (!Array.isArray(headers)) return values;
    for (let index = 0; index + 1 < headers.length; index += 2) {
      if (isNamed(headers[index], name)) values.push(...toTexts(headers[index + 1]));
    }
    return values;
  }

  replace(name: string, value: string | undefined): void {
    const { headers } = this.#request;
    if (typeof headers === "string") this.#request.headers = replaceLine(headers, name, value);
    if (!Array.isArray(headers)) return;
    // In place: undici holds the list itself by the time it asks us.
    for (let index = headers.length - 2; index >= 0; index -= 2) {
      if (isNamed(headers[index], name)) headers.splice(index, 2);
    }
    if (value !== undefined) headers.push(name, value);
  }
}

/** Whether a list of names and values in turn, or lines, may have a header; at the cost of a look at the length of each name. */
export function mayHaveBaggage(headers: unknown): boolean {
  if (!Array.isArray(headers)) return typeof headers === "string" && /^baggage:/im.test(headers);
  for (let index = 0; index < headers.length; index += 2) if (isNamed(headers[index], "baggage")) return true;
  return false;
}

function isNamed(given: unknown, name: string): boolean {
  if (typeof given === "string") return given.length === name.length && given.toLowerCase() === name;
  return given instanceof Uint8Array && isNamed(toText(given), name);
}

function toTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap(toTexts) : [toText(value)];
}

function toText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
}

function readLines(headers: string, name: string): readonly string[] {
  const named = headers.split(LINE_END).filter((line) => isLineOf(line, name));
  return named.map((line) => line.slice(name.length + 1).trim());
}

function replaceLine(headers: string, name: string, value: string | undefined): string {
  const rest = headers.split(LINE_END).filter((line) => line !== "" && !isLineOf(line, name));
  return [...rest, ...(value === undefined ? [] : [`${name}: ${value}`]), ""].join(LINE_END);
}

function isLineOf(line: string, name: string): boolean {
  return line.charAt(name.length) === ":" && isNamed(line.slice(0, name.length), name);
}
