import { toRecord, toText } from "./json-fields.ts";

/** The provider's code of an error object: the most telling of its fields. */
export function readErrorType(value: unknown): string {
  const error = toRecord(value);
  return toText(error.code) ?? toText(error.type) ?? toText(error.status) ?? "error";
}
