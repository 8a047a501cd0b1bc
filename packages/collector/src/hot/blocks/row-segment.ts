import {
  ByteColumn,
  CALL_LAYOUT,
  type CallRow,
  encodeBlock,
  type HourKey,
  SPAN_LAYOUT,
  type SpanRow,
} from "@spancost/clickhouse";
import { dayOf, mondayOf } from "../../pipeline/partitions.ts";
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

/** What a segment holds when it is closed. Its blocks are good until `release`. */
export interface ClosedSegment {
  readonly partitions: readonly PartitionRows[];
  /** The tenants' hours that get rows in the ledger. */
  readonly hours: readonly HourKey[];
  /** Gives the memory of the blocks to segments to come. */
  release(): void;
}

/** Blocks that are empty, with the memory that they had: they serve one segment after the other. */
export class BlockPool {
  readonly #tools: CallBlockTools;
  readonly #spanBlocks: SpanBlock[] = [];
  readonly #callBlocks: CallBlock[] = [];
  readonly #buffers: ByteColumn[] = [];

  constructor(tools: CallBlockTools) {
    this.#tools = tools;
  }

  takeSpanBlock(): SpanBlock {
    return this.#spanBlocks.pop() ?? new SpanBlock();
  }

  takeCallBlock(): CallBlock {
    return this.#callBlocks.pop() ?? new CallBlock(this.#tools);
  }

  takeBuffer(): ByteColumn {
    return this.#buffers.pop() ?? new ByteColumn();
  }

  giveBuffersBack(buffers: Iterable<ByteColumn>): void {
    for (const buffer of buffers) {
      if (this.#buffers.length < MAX_BUFFERS && buffer.bytes.length <= MAX_KEPT_BYTES) this.#buffers.push(buffer);
    }
  }

  giveBack(spanBlocks: Iterable<SpanBlock>, callBlocks: Iterable<CallBlock>): void {
    for (const block of spanBlocks) keep(this.#spanBlocks, block);
    for (const block of callBlocks) keep(this.#callBlocks, block);
  }
}

function keep<Block extends SpanBlock | CallBlock>(pooled: Block[], block: Block): void {
  if (pooled.length < MAX_POOLED && block.capacityBytes <= MAX_KEPT_BYTES) pooled.push(block);
}

/** Spans of a segment are of today, and around midnight of another day. */
const MAX_POOLED = 3;
/** Two segments may be on their way to the disk, each with a block of spans and one of calls. */
const MAX_BUFFERS = 4;
/** What holds more memory is rare, and would only be kept. */
export const MAX_KEPT_BYTES = 33_554_432;

/** Rows of one or several requests that are written together, by table and partition. */
export class RowSegment {
  readonly hours = new HourKeys();
  readonly #pool: BlockPool;
  #marked = { days: 0, weeks: 0, calls: new Map<number, number>() };
  #lastDay = -1;
  #lastSpanBlock: SpanBlock | undefined;
  #lastMonday = -1;
  #lastCallBlock: CallBlock | undefined;
  readonly #spanBlocks = new Map<number, SpanBlock>();
  readonly #callBlocks = new Map<number, CallBlock>();
  readonly #spanRows = new Map<number, SpanRow[]>();
  readonly #callRows = new Map<number, CallRow[]>();

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  /** The block for spans that start at `unixSeconds`. */
  spanBlock(unixSeconds: number): SpanBlock {
    const day = dayOf(unixSeconds);
    if (day === this.#lastDay && this.#lastSpanBlock !== undefined) return this.#lastSpanBlock;
    let block = this.#spanBlocks.get(day);
    if (block === undefined) this.#spanBlocks.set(day, (block = this.#pool.takeSpanBlock()));
    [this.#lastDay, this.#lastSpanBlock] = [day, block];
    return block;
  }

  /** The block for calls of an hour. */
  callBlock(hourUnix: number): CallBlock {
    const monday = mondayOf(hourUnix);
    if (monday === this.#lastMonday && this.#lastCallBlock !== undefined) return this.#lastCallBlock;
    let block = this.#callBlocks.get(monday);
    if (block === undefined) this.#callBlocks.set(monday, (block = this.#pool.takeCallBlock()));
    [this.#lastMonday, this.#lastCallBlock] = [monday, block];
    return block;
  }

  /** Adds a row that was made as an object. */
  addSpan(row: SpanRow, hourUnix: number): void {
    push(this.#spanRows, dayOf(hourUnix), row);
  }

  /** Adds a row that was made as an object. */
  addCall(row: CallRow): void {
    push(this.#callRows, mondayOf(row.hourUnix), row);
    this.hours.addText(row.tenantId, row.hourUnix);
  }

  /** Remembers what there is, before a request is added. */
  mark(): void {
    this.#marked = { days: this.#spanBlocks.size, weeks: this.#callBlocks.size, calls: new Map() };
    for (const block of this.#spanBlocks.values()) block.mark();
    for (const block of this.#callBlocks.values()) block.mark();
    for (const [monday, rows] of this.#callRows) this.#marked.calls.set(monday, rows.length);
  }

  /** Takes back what came after the mark; hours that get no rows may stay. */
  rollBack(): void {
    const { days, weeks, calls } = this.#marked;
    rollBackBlocks([...this.#spanBlocks.values()], days);
    rollBackBlocks([...this.#callBlocks.values()], weeks);
    for (const [monday, rows] of this.#callRows) rows.length = calls.get(monday) ?? 0;
  }

  /** Ends the segment and gives what it holds; it must not be used afterwards. */
  close(): ClosedSegment {
    const days = new Set([...this.#spanBlocks.keys(), ...this.#spanRows.keys()]);
    const weeks = new Set([...this.#callBlocks.keys(), ...this.#callRows.keys()]);
    const buffers: ByteColumn[] = [];
    const finish = (block: SpanBlock | CallBlock) => {
      const buffer = this.#pool.takeBuffer();
      buffers.push(buffer);
      block.finish(buffer);
      return buffer.take();
    };
    const spans = [...days].map((day) =>
      toPartition(finish, "otel_traces", day, this.#spanBlocks.get(day), this.#spanRows.get(day), (rows) =>
        encodeBlock(SPAN_LAYOUT, rows),
      ),
    );
    const calls = [...weeks].map((week) =>
      toPartition(finish, "llm_calls", week, this.#callBlocks.get(week), this.#callRows.get(week), (rows) =>
        encodeBlock(CALL_LAYOUT, rows),
      ),
    );
    this.#pool.giveBack(this.#spanBlocks.values(), this.#callBlocks.values());
    return {
      partitions: [...calls, ...spans].filter(({ rows }) => rows > 0),
      hours: this.hours.list(),
      release: () => this.#pool.giveBuffersBack(buffers.splice(0)),
    };
  }
}

/** Blocks that came after the mark stand last: there is nothing in them but what is taken back. */
function rollBackBlocks(blocks: readonly (SpanBlock | CallBlock)[], marked: number): void {
  for (const block of blocks.slice(0, marked)) block.rollBack();
  for (const block of blocks.slice(marked)) block.clear();
}

function toPartition<Row, Block extends SpanBlock | CallBlock>(
  finish: (block: Block) => Uint8Array,
  table: PartitionRows["table"],
  partition: number,
  block: Block | undefined,
  rows: readonly Row[] = [],
  encode: (rows: readonly Row[]) => Uint8Array,
): PartitionRows {
  const blocks: Uint8Array[] = [];
  const inBlock = block?.rows ?? 0;
  if (block !== undefined && inBlock > 0) blocks.push(finish(block));
  if (rows.length > 0) blocks.push(encode(rows));
  return { table, partition, rows: inBlock + rows.length, blocks };
}

function push<Row>(rows: Map<number, Row[]>, partition: number, row: Row): void {
  const known = rows.get(partition);
  if (known === undefined) rows.set(partition, [row]);
  else known.push(row);
}
