import type { IngestTable } from "@spancost/clickhouse";

/** A segment as the name of its manifest tells it: a full spool is opened by reading one folder. */
export interface SegmentSummary {
  /** Orders segments; never used twice. */
  readonly sequence: string;
  readonly rows: number;
  readonly sizeBytes: number;
  /** When the first of its rows came, in milliseconds since 1970. */
  readonly receivedUnixMs: number;
}

/** A file of Native blocks, of one table and partition. */
export interface SpoolFile {
  readonly table: IngestTable;
  /** Days since 1970. */
  readonly partition: number;
  readonly rows: number;
  readonly sizeBytes: number;
  readonly crc32: number;
}

const MANIFEST = /^(\d{8}-\d{10})\.r(\d+)\.b(\d+)\.t(\d+)\.json$/;
const SEQUENCE = /^(\d{8})-\d{10}\./;
/** Of a file that is not complete yet. */
export const TEMPORARY_SUFFIX = ".tmp";

/** @param generation counts the starts on a folder, `number` the segments since */
export function formatSequence(generation: number, number: number): string {
  return `${String(generation).padStart(8, "0")}-${String(number).padStart(10, "0")}`;
}

export function formatManifestName({ sequence, rows, sizeBytes, receivedUnixMs }: SegmentSummary): string {
  return `${sequence}.r${rows}.b${sizeBytes}.t${receivedUnixMs}.json`;
}

/** `null` for any other name. */
export function parseManifestName(name: string): SegmentSummary | null {
  const [, sequence, rows, sizeBytes, receivedUnixMs] = MANIFEST.exec(name) ?? [];
  if (sequence === undefined) return null;
  return { sequence, rows: Number(rows), sizeBytes: Number(sizeBytes), receivedUnixMs: Number(receivedUnixMs) };
}

/** Plain characters only: the engine is given a pattern of such names. */
export function formatFileName(sequence: string, { table, partition, sizeBytes, crc32 }: SpoolFile): string {
  return `${sequence}.${table}.${partition}.${sizeBytes}.${crc32.toString(16).padStart(8, "0")}.native`;
}

/** The sequence that any of a segment's files begins with; "" for other names. */
export function readSequence(name: string): string {
  return SEQUENCE.test(name) ? name.slice(0, name.indexOf(".")) : "";
}

/** The generation of any of a segment's files; 0 for other names. */
export function readGeneration(name: string): number {
  return Number(SEQUENCE.exec(name)?.[1] ?? 0);
}
