/** `whole`: gzip as exporters make it. `quick`: gzip in which ids and times stand unpacked, which costs the generator a seventh. */
export type Packing = "none" | "quick" | "whole";

/** What a load generator is to send, and for how long. */
export interface LoadOrder {
  readonly url: string;
  /** Batches to begin in a second; `Infinity` is one after the other on each connection. */
  readonly batchesPerSecond: number;
  /** Ends after so long, or after so many batches. */
  readonly forMs: number;
  readonly batches: number;
  readonly connections: number;
  readonly packing: Packing;
  /** Protobuf with ids and times of its own, or the same spans as JSON, always the same. */
  readonly encoding: "protobuf" | "json";
  /** Share of acknowledged batches that come again. */
  readonly redelivery: number;
}

/** What came of it. */
export interface LoadResult {
  /** Batches that were made; each is acknowledged in the end. */
  readonly batches: number;
  readonly redelivered: number;
  readonly refused: number;
  readonly elapsedMs: number;
  /** How late the last batch began. */
  readonly behindMs: number;
  /** From the first byte sent until the answer was there, in milliseconds, of acknowledged requests. */
  readonly latenciesMs: readonly number[];
  readonly cpuMs: number;
}
