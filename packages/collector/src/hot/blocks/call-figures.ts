import type { ByteColumn } from "@spancost/clickhouse";
import type { Figures, Usage } from "@spancost/core";
import type { CallForm } from "../calls/call-template.ts";
import { PLACE, type ReadAttributes } from "../calls/read-attributes.ts";
import { readVarint, VALUE } from "../spans/value-writer.ts";

/** Numbers of a call by their place in a row. */
export const FIGURE = {
  input: 0,
  cacheRead: 1,
  cacheWrite5m: 2,
  cacheWrite1h: 3,
  output: 4,
  reasoning: 5,
  listCost: 6,
  cost: 7,
} as const;

const INITIAL_ROWS = 1_024;
const UNKNOWN = Number.NaN;
const TWO_TO_32 = 0x1_0000_0000;

/**
 * Token counts and costs in 1e-12 USD of a block's calls, a row each: whole numbers below 2^53, or NaN, which is NULL. They are kept as
 * columns have them, lowest byte first, as all machines that the database runs on keep numbers.
 */
export class CallFigures {
  rows = 0;
  /** By figure. */
  readonly #columns = Object.values(FIGURE).map((figure) => new FigureColumn(figure < FIGURE.listCost ? 2 : 4));

  get capacityBytes(): number {
    return this.#columns.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
  }

  add(usage: Usage, listCostPicoUsd: number, costPicoUsd: number): void {
    const { rows } = this;
    const columns = this.#columns;
    columns[FIGURE.input]?.set(rows, usage.input ?? UNKNOWN);
    columns[FIGURE.cacheRead]?.set(rows, usage.cacheRead ?? UNKNOWN);
    columns[FIGURE.cacheWrite5m]?.set(rows, usage.cacheWrite5m ?? UNKNOWN);
    columns[FIGURE.cacheWrite1h]?.set(rows, usage.cacheWrite1h ?? UNKNOWN);
    columns[FIGURE.output]?.set(rows, usage.output ?? UNKNOWN);
    columns[FIGURE.reasoning]?.set(rows, usage.reasoning ?? UNKNOWN);
    columns[FIGURE.listCost]?.set(rows, listCostPicoUsd);
    columns[FIGURE.cost]?.set(rows, costPicoUsd);
    this.rows = rows + 1;
  }

  /** Writes one column: which rows are NULL, then whole numbers of 8 bytes, those of costs of 16. */
  write(out: ByteColumn, figure: number): void {
    this.#columns[figure]?.write(out, this.rows);
  }
}

/** Numbers as ClickHouse's `Nullable(UInt64)`, or `Nullable(Decimal(38, 12))`, has them. */
class FigureColumn {
  readonly #width: 2 | 4;
  #nulls = new Uint8Array(INITIAL_ROWS);
  #words: Uint32Array;

  /** @param width in words of 32 bits; those above the second stay 0 */
  constructor(width: 2 | 4) {
    this.#width = width;
    this.#words = new Uint32Array(width * INITIAL_ROWS);
  }

  get capacityBytes(): number {
    return this.#nulls.byteLength + this.#words.byteLength;
  }

  set(row: number, figure: number): void {
    if (row === this.#nulls.length) this.#grow();
    const isNull = Number.isNaN(figure);
    const at = row * this.#width;
    this.#nulls[row] = isNull ? 1 : 0;
    this.#words[at] = isNull ? 0 : figure;
    this.#words[at + 1] = figure >= TWO_TO_32 ? figure / TWO_TO_32 : 0;
  }

  write(out: ByteColumn, rows: number): void {
    out.raw(this.#nulls.subarray(0, rows));
    out.raw(new Uint8Array(this.#words.buffer, 0, 4 * this.#width * rows));
  }

  #grow(): void {
    const [nulls, words] = [this.#nulls, this.#words];
    this.#nulls = new Uint8Array(nulls.length * 2);
    this.#nulls.set(nulls);
    this.#words = new Uint32Array(words.length * 2);
    this.#words.set(words);
  }
}

/** The figures of a call whose form says where they stand. */
export function takeFigures(view: DataView, { figures }: CallForm, read: ReadAttributes): Figures {
  return {
    input: readFigure(view, read, figures.input),
    output: readFigure(view, read, figures.output),
    uncachedInput: readFigure(view, read, figures.uncachedInput),
    textOutput: readFigure(view, read, figures.textOutput),
    cacheRead: readFigure(view, read, figures.cacheRead),
    cacheWrite: readFigure(view, read, figures.cacheWrite),
    cacheWrite5m: readFigure(view, read, figures.cacheWrite5m),
    cacheWrite1h: readFigure(view, read, figures.cacheWrite1h),
    reasoning: readFigure(view, read, figures.reasoning),
    audioIn: null,
    audioOut: null,
    imageIn: null,
    imageOut: null,
    images: null,
    audioSeconds: null,
    videoSeconds: null,
    characters: null,
    webSearchRequests: null,
  };
}

function readFigure(view: DataView, { places }: ReadAttributes, place: number): number | null {
  if (place === -1) return null;
  const row = place * PLACE.width;
  const at = places[row + PLACE.at] ?? 0;
  if (places[row + PLACE.type] === VALUE.double) return view.getFloat64(at, true);
  return readVarint(view, at, places[row + PLACE.size] ?? 0);
}
