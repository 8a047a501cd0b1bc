import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FromSubject, Kind, ToSubject } from "./messages.ts";

const PROGRAM = fileURLToPath(new URL("./subject.ts", import.meta.url));

/** A server under test. */
export class SubjectProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  static async start(kind: Kind, dataDir: string): Promise<SubjectProcess> {
    const child = fork(PROGRAM, [kind, dataDir], { execArgv: ["--no-warnings"] });
    const [message] = (await once(child, "message")) as [FromSubject];
    if (message.type !== "ready") throw new Error(`The ${kind} server said ${message.type} first.`);
    return new SubjectProcess(child, message.url);
  }

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** CPU time of its process so far, all threads. */
  async readCpuMicros(): Promise<number> {
    const answered = once(this.#child, "message") as Promise<[FromSubject]>;
    this.#send({ type: "cpu" });
    const [message] = await answered;
    return message.type === "cpu" ? message.micros : Number.NaN;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#send({ type: "stop" });
    await ended;
  }

  #send(message: ToSubject): void {
    this.#child.send(message);
  }
}
