import { ATTRIBUTION } from "./outbound-app.ts";
import type { Arrived } from "./services.ts";

/** The values under a name, in lower case, in order. */
export function read({ raw }: Arrived, name: string): readonly (string | undefined)[] {
  return raw.flatMap((key, index) => (index % 2 === 0 && key.toLowerCase() === name ? [raw[index + 1]] : []));
}

/** The heads with a byte of attribution in any header. */
export function findLeaks(arrived: readonly Arrived[]): readonly string[] {
  return arrived.map(({ raw }) => raw.join("\n")).filter((raw) => ATTRIBUTION.test(raw));
}
