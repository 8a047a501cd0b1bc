import type { CallRow, SpanRow, Store } from "@spancost/clickhouse";

/** Rows of one request, or of several. */
export interface RowBatch {
  readonly spans: readonly SpanRow[];
  readonly calls: readonly CallRow[];
}

interface Waiting extends RowBatch {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Rows of one insert at the most, beyond the request that reaches it. */
const MAX_ROWS_AN_INSERT = 50_000;

/**
 * Writes batches so that each caller waits until its own rows are durable, while batches that arrive during an insert share the next
 * one: many small requests cost few inserts. What is waiting is bounded; a caller past the bound is refused at once.
 */
export class GroupCommit {
  readonly #store: Pick<Store, "insert">;
  readonly #maxWaitingRows: number;
  #waiting: Waiting[] = [];
  #waitingRows = 0;
  #running: Promise<void> | undefined;

  constructor(store: Pick<Store, "insert">, maxWaitingRows: number) {
    this.#store = store;
    this.#maxWaitingRows = maxWaitingRows;
  }

  get waitingRows(): number {
    return this.#waitingRows;
  }

  /** Resolves when the rows are durable; `false`, and nothing is written, when too much is waiting already. */
  async write(batch: RowBatch): Promise<boolean> {
    if (this.#waitingRows >= this.#maxWaitingRows) return false;
    const written = new Promise<void>((resolve, reject) => this.#waiting.push({ ...batch, resolve, reject }));
    this.#waitingRows += batch.spans.length;
    this.#running ??= this.#run();
    await written;
    return true;
  }

  /** Resolves when nothing is waiting. */
  async drain(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#writeNext(this.#takeGroup());
    this.#running = undefined;
  }

  #takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    for (let rows = 0; rows < MAX_ROWS_AN_INSERT && this.#waiting.length > 0;) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      rows += next.spans.length;
      group.push(next);
    }
    return group;
  }

  async #writeNext(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#store.insert({
        spans: group.flatMap(({ spans }) => spans),
        calls: group.flatMap(({ calls }) => calls),
      });
      for (const { resolve } of group) resolve();
    } catch (error) {
      const [only] = group;
      if (group.length === 1) only?.reject(error);
      // What is wrong with one of them must not be the others' fault.
      else for (const each of group) await this.#insertAlone(each);
    } finally {
      this.#waitingRows -= group.reduce((rows, { spans }) => rows + spans.length, 0);
    }
  }

  async #insertAlone({ spans, calls, resolve, reject }: Waiting): Promise<void> {
    try {
      await this.#store.insert({ spans, calls });
      resolve();
    } catch (error) {
      reject(error);
    }
  }
}
