import { describeInsertFailure, StoreError } from "@spancost/clickhouse";

/** What a failed attempt means for its segments. */
export interface AttemptFailure {
  /** For metrics. */
  readonly reason: string;
  readonly error: unknown;
  /** The database cannot read the rows of one of them, now or later. */
  readonly isOfRows: boolean;
  /** Possibly one of them is the reason, so that the others should be tried without it. */
  readonly mayBeOfRows: boolean;
}

/**
 * @param wasReady whether the database answered just before: if it does not any more, the rows may be what it died of
 */
export function describeFailure(error: unknown, wasReady: boolean): AttemptFailure {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  // What failed on the way to the database is a StoreError, or the client's own error from marking hours.
  if (!(error instanceof StoreError) && typeof code === "string" && DISK_ERRORS.has(code))
    return { reason: "spool", error, isOfRows: false, mayBeOfRows: false };
  const { kind, reason } = describeInsertFailure(error);
  const isOfRows = kind === "content" && error instanceof StoreError;
  return { reason, error, isOfRows, mayBeOfRows: isOfRows || kind === "database" || wasReady };
}

const DISK_ERRORS: ReadonlySet<string> = new Set([
  "EIO",
  "ENOSPC",
  "EACCES",
  "EPERM",
  "EROFS",
  "EMFILE",
  "ENFILE",
  "EDQUOT",
]);
