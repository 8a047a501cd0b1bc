import type { ListedPrice } from "./listed-price.ts";
import { readLangfuse } from "./read-langfuse.ts";
import { readLitellm } from "./read-litellm.ts";
import { readModelsDev } from "./read-models-dev.ts";
import { readPortkey } from "./read-portkey.ts";
import { readSimonw } from "./read-simonw.ts";

const READERS = {
  litellm: readLitellm,
  portkey: readPortkey,
  "models.dev": readModelsDev,
  langfuse: readLangfuse,
  simonw: readSimonw,
} as const;

/** Formats of price lists that we read. */
export type PriceListName = keyof typeof READERS;

/** Reads a parsed price list into rows of one form; what is not understood is left out. */
export function readPriceList(name: PriceListName, content: unknown): ListedPrice[] {
  return READERS[name](content);
}
