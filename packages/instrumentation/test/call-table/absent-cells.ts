import type { WayOfCalling } from "./ways-of-calling.ts";

/** Why `respondRaw` is not to be had: said by the adapter, held against the table. */
export const NO_RAW_RESPONSE = "The SDK hands out neither the response nor its headers.";

/** Cells of the table that cannot exist, by the row's name, and why: the whole list. */
export const ABSENT_CELLS: Readonly<Record<string, Partial<Record<WayOfCalling, string>>>> = {
  "@google/genai 1.0.0 models": { rawResponse: NO_RAW_RESPONSE },
};
