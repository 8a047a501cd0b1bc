import type { ClientRequest } from "node:http";
import type { OutgoingHeaders } from "./guard-headers.ts";

const LINE_END = "\r\n";

/** The head of a request of `node:http` that is written out, but not yet sent. */
export class WrittenHead implements OutgoingHeaders {
  readonly #request: ClientRequest;

  constructor(request: ClientRequest) {
    this.#request = request;
  }

  readHost(): string | undefined {
    const hosts = this.#readAll("host");
    return hosts.length === 1 ? hosts[0] : undefined;
  }

  read(name: string): readonly string[] {
    return this.#readAll(name);
  }

  replace(name: string, value: string | undefined): void {
    const lines = this.#lines().filter((line) => !isNamed(line, name));
    // The head ends with an empty line.
    if (value !== undefined) lines.splice(lines.indexOf(""), 0, `${name}: ${value}`);
    Reflect.set(this.#request, "_header", lines.join(LINE_END));
  }

  #readAll(name: string): readonly string[] {
    return this.#lines()
      .filter((line) => isNamed(line, name))
      .map((line) => line.slice(name.length + 1).trim());
  }

  #lines(): string[] {
    return String(Reflect.get(this.#request, "_header")).split(LINE_END);
  }
}

function isNamed(line: string, name: string): boolean {
  return line.charAt(name.length) === ":" && line.slice(0, name.length).toLowerCase() === name;
}
