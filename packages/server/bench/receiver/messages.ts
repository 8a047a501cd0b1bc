/** Which server a process runs: ours, or one that unpacks and parses JSON and does nothing with it. */
export type Kind = "spancost" | "baseline";

/** To a process under test. */
export type ToSubject = { readonly type: "cpu" } | { readonly type: "stop" };

/** What it answers: where it listens, once, and then the CPU it took so far, all threads. */
export type FromSubject =
  | { readonly type: "ready"; readonly url: string }
  | { readonly type: "cpu"; readonly micros: number };
