import type { FinishedSpan, SpanExporter } from "../../src/sdk-span.ts";

type Done = (result: { code: number; error?: Error }) => void;

/** What an exporter does with one batch. */
export type Behaviour = "succeed" | "fail" | "throw" | "hang";

/** An exporter at the end of the line: it keeps what it was given, and does with each batch what it is told, then succeeds. */
export class RecordingExporter implements SpanExporter {
  readonly batches: { readonly name: string; readonly sampled: boolean }[][] = [];
  readonly behaviours: Behaviour[];
  shutdowns = 0;
  concurrent = 0;
  maxConcurrent = 0;

  constructor(...behaviours: Behaviour[]) {
    this.behaviours = behaviours;
  }

  export(spans: never[], done: Done): void {
    const readable: readonly FinishedSpan[] = spans;
    this.batches.push(readable.map((span) => ({ name: span.name, sampled: span.spanContext().traceFlags === 1 })));
    const behaviour = this.behaviours.shift() ?? "succeed";
    if (behaviour === "throw") throw new Error("of the exporter");
    if (behaviour === "hang") return;
    this.concurrent += 1;
    this.maxConcurrent = Math.max(this.maxConcurrent, this.concurrent);
    setImmediate(() => {
      this.concurrent -= 1;
      done({ code: behaviour === "fail" ? 1 : 0 });
    });
  }

  shutdown(): Promise<void> {
    this.shutdowns += 1;
    return Promise.resolve();
  }

  get names(): readonly string[] {
    return this.batches.flat().map(({ name }) => name);
  }
}
