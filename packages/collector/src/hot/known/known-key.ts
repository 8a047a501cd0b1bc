import { isAscii } from "node:buffer";
import { encodeText } from "@spancost/clickhouse";
import { type AttributeUse, isContentAttribute } from "@spancost/core";
import { ByteTable, type KnownBytes } from "./byte-table.ts";

/** What follows from an attribute's key. */
export interface KnownKey extends KnownBytes {
  readonly name: string;
  /** As ClickHouse writes the text. */
  readonly encoded: Uint8Array;
  /** Prompts, completions, secrets: not stored. */
  readonly isContent: boolean;
  /** The same on an event, if the event is a message. */
  readonly isEventContent: boolean;
  /** What reading a call uses the value for; `null` for nothing. */
  readonly use: AttributeUse | null;
}

const LIMITS = { entries: 20_000, sizeBytes: 256 };
/** Names that JavaScript's objects put before all others. */
const INDEX = /^(?:0|[1-9]\d{0,9})$/;
/** Any event that holds a message will do: it only matters that it is one. */
const MESSAGE_EVENT = "gen_ai.choice";

/** Keys by their bytes; keys that are out of the ordinary are not known, and the slow way reads their spans. */
export function createKeyTable(uses: ReadonlyMap<string, AttributeUse>): ByteTable<KnownKey> {
  return new ByteTable(LIMITS, (known, bytes) => {
    const name = bytes.toString("latin1");
    if (!isAscii(bytes) || INDEX.test(name)) return undefined;
    return {
      ...known,
      name,
      encoded: encodeText(name),
      isContent: isContentAttribute(name),
      isEventContent: isContentAttribute(name, MESSAGE_EVENT),
      use: uses.get(name) ?? null,
    };
  });
}
