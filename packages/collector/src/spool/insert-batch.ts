import { join } from "node:path";
import type { BlockFiles, HourKey, IngestTable } from "@spancost/clickhouse";
import type { Manifest } from "./manifest.ts";
import { formatFileName, type SegmentSummary } from "./spool-names.ts";

/** A segment whose manifest is known. */
export interface LoadedSegment {
  readonly summary: SegmentSummary;
  readonly manifest: Manifest;
}

/** One insert: the files of one partition of a table, which become one part. */
export interface PlannedInsert {
  readonly table: IngestTable;
  readonly paths: BlockFiles;
}

/** The inserts that bring segments into the database. */
export function planInserts(folder: string, segments: readonly LoadedSegment[]): PlannedInsert[] {
  const byPartition = new Map<string, { table: IngestTable; paths: [string, ...string[]] }>();
  for (const { summary, manifest } of segments) {
    for (const file of manifest.files) {
      const path = join(folder, formatFileName(summary.sequence, file));
      const key = `${file.table} ${file.partition}`;
      const known = byPartition.get(key);
      if (known === undefined) byPartition.set(key, { table: file.table, paths: [path] });
      else known.paths.push(path);
    }
  }
  return [...byPartition.values()];
}

/** The hours that segments bring rows to, each once. */
export function collectHours(segments: readonly LoadedSegment[]): HourKey[] {
  const hours = new Map<string, HourKey>();
  for (const { manifest } of segments)
    for (const hour of manifest.hours) hours.set(`${hour.hourUnix} ${hour.tenantId}`, hour);
  return [...hours.values()];
}
