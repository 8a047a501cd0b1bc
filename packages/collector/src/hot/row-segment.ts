import { CALL_LAYOUT, type CallRow, encodeBlock, type HourKey, SPAN_LAYOUT, type SpanRow } from "@spancost/clickhouse";
import { dayOf, mondayOf } from "../pipeline/partitions.ts";
import { CallBlock, type CallBlockTools } from "./call-block.ts";
import { HourKeys } from "./hour-keys.ts";
import { SpanBlock } from "./span-block.ts";

/** The rows of one partition of a table, in ClickHouse's Native format: one block after the other. */
export interface PartitionRows {
  readonly table: "otel_traces" | "llm_calls";
  /** Days since 1970: the day of spans, the Monday of calls. */
  readonly partition: number;
  readonly rows: number;
  readonly blocks: readonly Uint8Array[];
}

/** What a segment holds when it is closed. */
export interface ClosedSegment {
  readonly partitions: readonly PartitionRows[];
  /** The tenants' hours that get rows in the ledger. */
  readonly hours: readonly HourKey[];
}

/** Rows of one or several requests that are written together, by table and partition. */
export class RowSegment {
  readonly #storeContent: boolean;
  readonly #tools: CallBlockTools;
  readonly #hours = new HourKeys();
  readonly #spanBlocks = new Map<number, SpanBlock>();
  readonly #callBlocks = new Map<number, CallBlock>();
  readonly #spanRows = new Map<number, SpanRow[]>();
  readonly #callRows = new Map<number, CallRow[]>();

  constructor(storeContent: boolean, tools: CallBlockTools) {
    this.#storeContent = storeContent;
    this.#tools = tools;
  }

  /** The block for spans that start at `unixSeconds`. */
  spanBlock(unixSeconds: number): SpanBlock {
    const day = dayOf(unixSeconds);
    let block = this.#spanBlocks.get(day);
    if (block === undefined) this.#spanBlocks.set(day, (block = new SpanBlock(this.#storeContent)));
    return block;
  }

  /** The block for calls of an hour. */
  callBlock(hourUnix: number): CallBlock {
    const monday = mondayOf(hourUnix);
    let block = this.#callBlocks.get(monday);
    if (block === undefined) this.#callBlocks.set(monday, (block = new CallBlock(this.#tools, this.#hours)));
    return block;
  }

  /** Adds a row that was made as an object. */
  addSpan(row: SpanRow, hourUnix: number): void {
    push(this.#spanRows, dayOf(hourUnix), row);
  }

  /** Adds a row that was made as an object. */
  addCall(row: CallRow): void {
    push(this.#callRows, mondayOf(row.hourUnix), row);
    this.#hours.addText(row.tenantId, row.hourUnix);
  }

  /** Ends the segment and gives what it holds; it must not be used afterwards. */
  close(): ClosedSegment {
    const days = new Set([...this.#spanBlocks.keys(), ...this.#spanRows.keys()]);
    const weeks = new Set([...this.#callBlocks.keys(), ...this.#callRows.keys()]);
    const spans = [...days].map((day) =>
      toPartition("otel_traces", day, this.#spanBlocks.get(day), this.#spanRows.get(day), (rows) =>
        encodeBlock(SPAN_LAYOUT, rows),
      ),
    );
    const calls = [...weeks].map((week) =>
      toPartition("llm_calls", week, this.#callBlocks.get(week), this.#callRows.get(week), (rows) =>
        encodeBlock(CALL_LAYOUT, rows),
      ),
    );
    return { partitions: [...calls, ...spans].filter(({ rows }) => rows > 0), hours: this.#hours.list() };
  }
}

function toPartition<Row>(
  table: PartitionRows["table"],
  partition: number,
  block: { readonly rows: number; finish(): Uint8Array } | undefined,
  rows: readonly Row[] = [],
  encode: (rows: readonly Row[]) => Uint8Array,
): PartitionRows {
  const blocks: Uint8Array[] = [];
  const inBlock = block?.rows ?? 0;
  if (block !== undefined && inBlock > 0) blocks.push(block.finish());
  if (rows.length > 0) blocks.push(encode(rows));
  return { table, partition, rows: inBlock + rows.length, blocks };
}

function push<Row>(rows: Map<number, Row[]>, partition: number, row: Row): void {
  const known = rows.get(partition);
  if (known === undefined) rows.set(partition, [row]);
  else known.push(row);
}
