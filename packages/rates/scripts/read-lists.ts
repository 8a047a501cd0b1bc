import type { ListedPrice } from "../src/price-lists/listed-price.ts";
import { type PriceListName, readPriceList } from "../src/price-lists/read-price-list.ts";

/** Files of the five price lists, and the day each was taken. */
export const PRICE_LISTS: readonly { readonly name: PriceListName; readonly file: string; readonly takenOn: string }[] =
  [
    { name: "litellm", file: "litellm.json", takenOn: "2026-07-24" },
    { name: "portkey", file: "portkey.json", takenOn: "2026-08-21" },
    { name: "models.dev", file: "models-dev.json", takenOn: "2026-07-02" },
    { name: "langfuse", file: "langfuse.json", takenOn: "2026-08-22" },
    { name: "simonw", file: "simonw-llm-prices.json", takenOn: "2026-08-05" },
  ];

/** All rows of the five lists; `read` gives the parsed content of a file. */
export function readLists(read: (file: string) => unknown): ListedPrice[] {
  return PRICE_LISTS.flatMap(({ name, file }) => readPriceList(name, read(file)));
}
