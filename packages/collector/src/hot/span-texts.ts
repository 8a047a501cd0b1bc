import { encodeText, type NumberedText } from "@spancost/clickhouse";
import { KINDS, STATUS_CODES } from "../pipeline/to-span-row.ts";

const numbered = (texts: readonly string[]): readonly NumberedText[] =>
  texts.map((text, id) => ({ id, encoded: encodeText(text) }));

/** What stands for a span's kind, by OTLP's number. */
export const KIND_TEXTS = numbered(KINDS);
/** What stands for a span's status, by OTLP's number. */
export const STATUS_TEXTS = numbered(STATUS_CODES);
