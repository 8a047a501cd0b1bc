import { totalmem } from "node:os";

const MIB = 1_048_576;
/** The rest of the machine is for the server process, other programs and the page cache. */
const SHARE_OF_MACHINE = 0.5;
const MAX_DEFAULT_MEMORY_BYTES = 4_096 * MIB;
/** One query may take half, so that inserts go on beside the largest one. */
const SHARE_OF_QUERY = 0.5;
/** Beyond this part of a query's memory, sorting and grouping go to disk; a hash table that grows needs three times its size for a moment. */
const SHARE_BEFORE_DISK = 0.25;
/** Each of the engine's caches may otherwise grow to 5 GiB. */
const MAX_CACHE_MEMORY_SHARE = 1 / 16;

/** What the engine may take. */
export interface EngineMemory {
  /** All queries, merges and caches together. */
  readonly totalBytes: number;
  /** One query, when it sets no `max_memory_usage` of its own. */
  readonly queryBytes: number;
}

/** Half of the machine or container, at most 4 GiB, where nothing else is said. */
export function chooseMemory(totalBytes = defaultTotal(), queryBytes = totalBytes * SHARE_OF_QUERY): EngineMemory {
  return { totalBytes: Math.floor(totalBytes), queryBytes: Math.floor(queryBytes) };
}

function defaultTotal(): number {
  // 0 or a huge number where nothing constrains the process.
  const container = process.constrainedMemory() || Infinity;
  return Math.min(Math.min(totalmem(), container) * SHARE_OF_MACHINE, MAX_DEFAULT_MEMORY_BYTES);
}

/** Settings that every query starts with. */
function toQuerySettings({ queryBytes }: EngineMemory): Readonly<Record<string, string>> {
  const beforeDisk = String(Math.floor(queryBytes * SHARE_BEFORE_DISK));
  return {
    max_memory_usage: String(queryBytes),
    max_bytes_before_external_group_by: beforeDisk,
    max_bytes_before_external_sort: beforeDisk,
    // An insert that is answered must be on disk.
    async_insert: "0",
  };
}

/** Arguments for opening a session. Those of the server count for the first session of the process, those of queries for each. */
export function toSessionArguments(memory: EngineMemory): string[] {
  const settings = { ...toServerSettings(memory), ...toQuerySettings(memory) };
  return Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
}

function toServerSettings({ totalBytes }: EngineMemory): Readonly<Record<string, string>> {
  const cache = (mib: number) => String(Math.floor(Math.min(mib * MIB, totalBytes * MAX_CACHE_MEMORY_SHARE)));
  // The pools of background work are left alone, as the engine begins with two threads for merges and one or two for all else; but not the
  // one that removes old parts, with 128, nor how many threads wait for work: each keeps memory of its own.
  return {
    max_server_memory_usage: String(totalBytes),
    mark_cache_size: cache(128),
    primary_index_cache_size: cache(128),
    index_mark_cache_size: cache(32),
    compiled_expression_cache_size: cache(32),
    query_condition_cache_size: cache(16),
    uncompressed_cache_size: "0",
    max_parts_cleaning_thread_pool_size: "2",
    max_thread_pool_free_size: "16",
  };
}
