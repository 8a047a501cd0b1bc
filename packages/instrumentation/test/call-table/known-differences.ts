import type { AppView } from "./call-in-way.ts";
import type { CallTableRow } from "./expected-rows.ts";

/**
 * The whole list of what an app can see of us. A stream for which usage was asked in the app's name, over Node's own HTTP, comes
 * uncompressed, because what nobody asked for is taken out of its bytes: an app that looks at a raw response's headers sees no
 * `content-encoding`.
 */
export function withoutKnownDifferences(view: AppView, { usageIsWishedFor, transport }: CallTableRow): unknown {
  if (usageIsWishedFor !== true || transport !== "node-fetch") return view;
  return JSON.parse(JSON.stringify(view), (name, value: unknown) => (name === "content-encoding" ? undefined : value));
}
