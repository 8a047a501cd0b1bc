import { encodeText } from "@spancost/clickhouse";
import { fingerprintText } from "../../pipeline/recent-calls.ts";
import { ByteTable, type KnownBytes } from "./byte-table.ts";
import { decodeText } from "./decode-text.ts";

/** A text that comes again and again: a span's name, a model, an operation. */
export interface KnownText extends KnownBytes {
  readonly text: string;
  readonly encoded: Uint8Array;
  /** @see fingerprintText */
  readonly fingerprint: number;
}

const LIMITS = { entries: 50_000, sizeBytes: 2_048 };

/** Texts by their bytes. */
export function createTextTable(): ByteTable<KnownText> {
  return new ByteTable(LIMITS, (known, bytes) => {
    const text = decodeText(bytes);
    return { ...known, text, encoded: encodeText(text), fingerprint: fingerprintText(text) };
  });
}
