import type { HourKey } from "@spancost/clickhouse";
import type { SpoolFile } from "./spool-names.ts";
import { SpoolError } from "./spool-error.ts";

/** What a segment consists of. The database takes columns by their names, so files of an older release need nothing else. */
export interface Manifest {
  readonly files: readonly SpoolFile[];
  /** The tenants' hours that get rows in the ledger. */
  readonly hours: readonly HourKey[];
}

/** Raised when an older release could not read what a newer one writes. */
const FORMAT = 1;

export function formatManifest({ files, hours }: Manifest): string {
  return JSON.stringify({
    format: FORMAT,
    files: files.map(({ table, partition, rows, sizeBytes, crc32 }) => [table, partition, rows, sizeBytes, crc32]),
    hours: hours.map(({ tenantId, hourUnix }) => [tenantId, hourUnix]),
  });
}

/** @throws SpoolError `damaged` */
export function parseManifest(text: string, name: string): Manifest {
  const manifest = toManifest(parseJson(text));
  if (manifest === null) {
    const seen = JSON.stringify(text.slice(0, 100));
    throw new SpoolError("damaged", `The manifest ${name} is damaged, or of a newer release: it begins ${seen}.`);
  }
  return manifest;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function toManifest(value: unknown): Manifest | null {
  if (typeof value !== "object" || value === null) return null;
  const { format, files, hours } = value as Record<string, unknown>;
  if (format !== FORMAT || !Array.isArray(files) || !Array.isArray(hours)) return null;
  const [knownFiles, knownHours] = [files.map(toFile), hours.map(toHour)];
  const isWhole = !knownFiles.includes(null) && !knownHours.includes(null);
  return isWhole
    ? { files: knownFiles.filter((file) => file !== null), hours: knownHours.filter((hour) => hour !== null) }
    : null;
}

function toFile(value: unknown): SpoolFile | null {
  if (!Array.isArray(value)) return null;
  const [table, ...numbers] = value as unknown[];
  if (table !== "llm_calls" && table !== "otel_traces") return null;
  const [partition, rows, sizeBytes, crc32] = numbers;
  return isCount(partition) && isCount(rows) && isCount(sizeBytes) && isCount(crc32)
    ? { table, partition, rows, sizeBytes, crc32 }
    : null;
}

function toHour(value: unknown): HourKey | null {
  if (!Array.isArray(value)) return null;
  const [tenantId, hourUnix] = value as unknown[];
  return typeof tenantId === "string" && isCount(hourUnix) ? { tenantId, hourUnix } : null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
