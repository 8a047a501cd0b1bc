import type { Usage } from "@spancost/core";
import type { WireOutcome } from "./wire-format.ts";

/** The headers of a response, by lower-case name. */
export interface WireHeaders {
  get(name: string): string | null;
}

/** What the headers of a response say about the call. */
export type WireHead = Pick<WireOutcome, "responseId" | "serviceTier" | "usage">;

/** Adds what the headers say to what the body says; the id is the headers', of the rest the body knows more. */
export function addHead(outcome: WireOutcome, head: WireHead): WireOutcome {
  return {
    ...outcome,
    responseId: head.responseId ?? outcome.responseId,
    serviceTier: outcome.serviceTier ?? head.serviceTier,
    usage: isWhole(outcome.usage) ? outcome.usage : fillIn(outcome.usage, head.usage),
  };
}

function isWhole({ input, output }: Usage): boolean {
  return input !== null && output !== null;
}

/** Figures of one source where it has all of them: two sources may count differently. */
function fillIn(body: Usage, head: Usage): Usage {
  if (!isWhole(head)) return { ...body, input: body.input ?? head.input, output: body.output ?? head.output };
  const { input, cacheRead, cacheWrite5m, output } = head;
  return { ...body, input, cacheRead, cacheWrite5m, output };
}
