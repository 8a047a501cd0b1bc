/**
 * A name from outside as a terminal may show it: without control characters, which could move the cursor or hide text, and without marks
 * that turn the direction of writing.
 */
export function toLabel(value: string | undefined): string {
  return value === undefined || value === "" ? "(none)" : value.replaceAll(/[\p{Cc}\p{Cf}]/gu, "\uFFFD");
}
