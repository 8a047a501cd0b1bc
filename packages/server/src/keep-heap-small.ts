import { setFlagsFromString } from "node:v8";

/**
 * How much the heap may grow, in percent of what is in use, until it is collected. Bodies under way count as well: at 30, 16 senders of bodies
 * of half a megabyte made it collect every half second, at half as much CPU again a span; at 60, twice in 20 s.
 */
const GROWTH_PERCENT = 60;

/**
 * Makes V8 collect while there is little to collect. By itself, under load, the server's memory rose by 100 MB within three minutes and fell
 * by 130 with the next collection.
 * It is about the whole process, so it is for whoever owns that.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
