import type { ByteColumn } from "@spancost/clickhouse";
import type { Figures, Usage } from "@spancost/core";
import type { CallForm } from "../calls/call-template.ts";
import { PLACE, type ReadAttributes } from "../calls/read-attributes.ts";
import { VALUE } from "../spans/value-writer.ts";
import { readVarint } from "../spans/wire-reader.ts";

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

const WIDTH = 8;
const INITIAL_ROWS = 1_024;
const UNKNOWN = Number.NaN;
const TWO_TO_32 = 0x1_0000_0000;

/** Token counts and costs in 1e-12 USD of a block's calls, a row each; whole numbers below 2^53, or NaN, which is NULL. */
export class CallFigures {
  rows = 0;
  #values = new Float64Array(WIDTH * INITIAL_ROWS);

  add(usage: Usage, listCostPicoUsd: number, costPicoUsd: number): void {
    const row = WIDTH * this.rows++;
    if (row === this.#values.length) this.#grow();
    const values = this.#values;
    values[row + FIGURE.input] = usage.input ?? UNKNOWN;
    values[row + FIGURE.cacheRead] = usage.cacheRead ?? UNKNOWN;
    values[row + FIGURE.cacheWrite5m] = usage.cacheWrite5m ?? UNKNOWN;
    values[row + FIGURE.cacheWrite1h] = usage.cacheWrite1h ?? UNKNOWN;
    values[row + FIGURE.output] = usage.output ?? UNKNOWN;
    values[row + FIGURE.reasoning] = usage.reasoning ?? UNKNOWN;
    values[row + FIGURE.listCost] = listCostPicoUsd;
    values[row + FIGURE.cost] = costPicoUsd;
  }

  /** Writes one column: which rows are NULL, then whole numbers of `size` bytes each. */
  write(out: ByteColumn, index: number, size: number): void {
    const { rows } = this;
    const figures = this.#values;
    out.reserve((size + 1) * rows);
    const { bytes, view } = out;
    const nulls = out.length;
    const first = nulls + rows;
    out.length = first + size * rows;
    if (size > 8) bytes.fill(0, first, first + size * rows);
    for (let row = 0, from = index, at = first; row < rows; row += 1, from += WIDTH, at += size) {
      const figure = figures[from] ?? UNKNOWN;
      bytes[nulls + row] = Number.isNaN(figure) ? 1 : 0;
      // NaN is 0 as an integer. V8 called a function for each unsigned one.
      view.setInt32(at, figure | 0, true);
      view.setInt32(at + 4, (figure / TWO_TO_32) | 0, true);
    }
  }

  #grow(): void {
    const grown = new Float64Array(this.#values.length * 2);
    grown.set(this.#values);
    this.#values = grown;
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
