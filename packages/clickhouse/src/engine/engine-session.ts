import type { Session } from "chdb";
import { quoteName, quoteText } from "../quote.ts";

/** What a query is asked with. */
export interface QueryContext {
  readonly database: string | null;
  readonly settings: Readonly<Record<string, string>>;
}

const DEFAULT_DATABASE = "default";
/** Every statement that changes its session has one of these words; a text that only mentions one costs half a millisecond. */
const CHANGES_SESSION = /\b(?:SET|USE|TEMPORARY)\b/i;

/**
 * A session of the engine, which keeps what SET and USE change. It remembers what it holds, so that queries which ask for the same as the
 * last one, as our own client's do, cost nothing beside themselves, and others only what differs.
 */
export class EngineSession {
  readonly #open: () => Session;
  /** What sessions are opened with, by the engine and by us; `SET name = DEFAULT` forgets it. */
  readonly #initial: ReadonlyMap<string, string>;
  #session: Session;
  #database = DEFAULT_DATABASE;
  #settings: ReadonlyMap<string, string> = new Map();

  constructor(open: () => Session) {
    this.#open = open;
    this.#session = open();
    const changed = this.#session.query("SELECT name, value FROM system.settings WHERE changed", "JSONCompactEachRow");
    this.#initial = new Map(
      changed.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as [string, string]])),
    );
  }

  /** Runs a query with exactly these settings: nothing of what others set is left, nor is this one's for the next. */
  async run<T>(context: QueryContext, sql: string, ask: (session: Session) => Promise<T>): Promise<T> {
    await this.#become(context);
    try {
      return await ask(this.#session);
    } finally {
      if (CHANGES_SESSION.test(sql)) this.#renew();
    }
  }

  close(): void {
    this.#session.close();
  }

  async #become({ database, settings }: QueryContext): Promise<void> {
    const wanted = new Map(Object.entries(settings));
    const changes = [
      ...[...wanted]
        .filter(([name, value]) => this.#settings.get(name) !== value)
        .map(([name, value]) => `${name} = ${quoteText(value)}`),
      ...[...this.#settings.keys()]
        .filter((name) => !wanted.has(name))
        .map((name) => `${name} = ${this.#toInitial(name)}`),
    ];
    const wantedDatabase = database ?? DEFAULT_DATABASE;
    try {
      if (changes.length > 0) await this.#session.queryAsync(`SET ${changes.join(", ")}`);
      this.#settings = wanted;
      if (wantedDatabase !== this.#database) await this.#session.queryAsync(`USE ${quoteName(wantedDatabase)}`);
      this.#database = wantedDatabase;
    } catch (error) {
      // Some of it may be set.
      this.#renew();
      throw error;
    }
  }

  #toInitial(name: string): string {
    const value = this.#initial.get(name);
    return value === undefined ? "DEFAULT" : quoteText(value);
  }

  #renew(): void {
    this.#session.close();
    this.#session = this.#open();
    this.#settings = new Map();
    this.#database = DEFAULT_DATABASE;
  }
}
