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
    const head = this.#read();
    const lines = head.split(LINE_END).filter((line) => !isNamed(line, name));
    // The head ends with an empty line.
    if (value !== undefined) lines.splice(lines.indexOf(""), 0, `${name}: ${value}`);
    const changed = lines.join(LINE_END);
    Reflect.set(this.#request, "_header", changed);
    // Beside an `expect` it waits for its connection already.
    const waiting: unknown = Reflect.get(this.#request, "outputData");
    const first: unknown = Array.isArray(waiting) ? waiting[0] : undefined;
    if (typeof first === "object" && first !== null && Reflect.get(first, "data") === head)
      Reflect.set(first, "data", changed);
  }

  #readAll(name: string): readonly string[] {
    return this.#read()
      .split(LINE_END)
      .filter((line) => isNamed(line, name))
      .map((line) => line.slice(name.length + 1).trim());
  }

  #read(): string {
    return String(Reflect.get(this.#request, "_header"));
  }
}

function isNamed(line: string, name: string): boolean {
  return line.charAt(name.length) === ":" && line.slice(0, name.length).toLowerCase() === name;
}
