import { findAnswer } from "./find-answer.ts";

/**
 * What an insert's failure says. `content`: the database cannot read these rows, now or later. `database`: it answered that it cannot take
 * them now. `away`: no answer, so the rows may be there or not.
 */
export type InsertFailureKind = "content" | "database" | "away";

/** A failure, and a short name of it for metrics. */
export interface InsertFailure {
  readonly kind: InsertFailureKind;
  /** ClickHouse's own name in lower case, such as `too_many_parts`, or `away`. */
  readonly reason: string;
}

/**
 * Codes for rows that cannot be read or do not fit their columns.
 * @see https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp (26.7)
 */
const CONTENT_CODES: ReadonlySet<string> = new Set([
  "6", // CANNOT_PARSE_TEXT
  "27", // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  "32", // ATTEMPT_TO_READ_AFTER_EOF
  "33", // CANNOT_READ_ALL_DATA
  "44", // ILLEGAL_COLUMN
  "50", // UNKNOWN_TYPE
  "53", // TYPE_MISMATCH
  "62", // SYNTAX_ERROR, of a type's name in a block
  "69", // ARGUMENT_OUT_OF_BOUND
  "70", // CANNOT_CONVERT_TYPE
  "117", // INCORRECT_DATA
  "128", // TOO_LARGE_ARRAY_SIZE
  "131", // TOO_LARGE_STRING_SIZE
  "190", // SIZES_OF_ARRAYS_DONT_MATCH
  "349", // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
]);

/** Tells what a failed insert means for its rows. */
export function describeInsertFailure(error: unknown): InsertFailure {
  const answer = findAnswer(error);
  if (answer === null) return { kind: "away", reason: "away" };
  const reason = (answer.type ?? `code_${answer.code}`).toLowerCase();
  return { kind: CONTENT_CODES.has(answer.code) ? "content" : "database", reason };
}
