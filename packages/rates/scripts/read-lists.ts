import type { ListedPrice } from "../src/price-lists/listed-price.ts";
import { readLangfuse } from "../src/price-lists/read-langfuse.ts";
import { readLitellm } from "../src/price-lists/read-litellm.ts";
import { readModelsDev } from "../src/price-lists/read-models-dev.ts";
import { readPortkey } from "../src/price-lists/read-portkey.ts";
import { readSimonw } from "../src/price-lists/read-simonw.ts";

/** All rows of the five lists; `read` gives the parsed content of a file. */
export function readLists(read: (name: string) => unknown): ListedPrice[] {
  return [
    ...readLitellm(read("litellm.json")),
    ...readPortkey(read("portkey.json")),
    ...readModelsDev(read("models-dev.json")),
    ...readLangfuse(read("langfuse.json")),
    ...readSimonw(read("simonw-llm-prices.json")),
  ];
}
