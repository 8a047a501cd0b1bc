/** The collector refuses what began earlier, or is further ahead than a clock can be. */
const EARLIEST_UNIX_MS = Date.UTC(2020, 0, 1);
const MAX_AHEAD_MS = 86_400_000;

/**
 * Reads when a cost arose; `null` for what is no time that can be, such as seconds or microseconds in the place of milliseconds. A span at such a time
 * makes a serializer throw, or a receiver refuse the whole request, and the other spans of its batch are lost with it.
 */
export function toCostTime(given: Date | number): Date | null {
  if (typeof given !== "number" && !(given instanceof Date)) return null;
  const time = new Date(given);
  return time.getTime() >= EARLIEST_UNIX_MS && time.getTime() <= Date.now() + MAX_AHEAD_MS ? time : null;
}
