import { Session } from "chdb";
import { EngineSession } from "./engine-session.ts";

/** Sessions on one data folder: a session runs one query at a time, several sessions run in parallel. */
export class SessionPool {
  readonly #idle: EngineSession[];
  readonly #all: readonly EngineSession[];
  readonly #waiting: ((session: EngineSession) => void)[] = [];

  /** @param connectionArgs settings, as on the command line of `clickhouse local` */
  constructor(dataDir: string, size: number, connectionArgs: readonly string[]) {
    const open = () => new Session(dataDir, { connectionArgs });
    this.#all = Array.from({ length: size }, () => new EngineSession(open));
    this.#idle = [...this.#all];
  }

  /** Whether a query is running. */
  get isBusy(): boolean {
    return this.#idle.length < this.#all.length;
  }

  /** Runs `use` with a session of its own; the session goes to the next in line afterwards. */
  async withSession<T>(use: (session: EngineSession) => Promise<T>): Promise<T> {
    const session = this.#idle.pop() ?? (await new Promise<EngineSession>((resolve) => this.#waiting.push(resolve)));
    try {
      return await use(session);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(session);
      else next(session);
    }
  }

  close(): void {
    for (const session of this.#all) session.close();
  }
}
