import { encodeText, type NumberedText } from "@spancost/clickhouse";
import { KINDS, STATUS_CODES } from "../../pipeline/to-span-row.ts";

const numbered = (texts: readonly string[]): readonly NumberedText[] =>
  texts.map((text, id) => ({ id, encoded: encodeText(text) }));

const KIND_TEXTS = numbered(KINDS);
const STATUS_TEXTS = numbered(STATUS_CODES);

/** What stands for a span's kind, by OTLP's number. */
export function kindText(kind: number): NumberedText {
  return KIND_TEXTS[kind] ?? KIND_TEXTS[0] ?? NOTHING;
}

/** What stands for a span's status, by OTLP's number. */
export function statusText(code: number): NumberedText {
  return STATUS_TEXTS[code] ?? STATUS_TEXTS[0] ?? NOTHING;
}

const NOTHING: NumberedText = { id: 0, encoded: encodeText("") };
