import { SUBJECTS, type WayOfCalling } from "./ways-of-calling.ts";

/** When the wire says what a stream cost: in its last event, the input in its first and the rest in its last, or so far in each. */
export type UsageArrival = "at the end" | "input first" | "so far in each chunk";

/** What an SDK sends its requests with. */
export type Transport = "fetch" | "node-fetch" | "node:http" | "node:http2";

/** What an SDK, or its HTTP client, does with a short stream that the app never reads: nothing, or it reads ahead. */
export type UnreadStream = "stays unread" | "is read ahead";

/** What an SDK does with a stream that the app leaves: cancels it, just lets go of it, or reads on to its end. */
export type LeftStream = "is cancelled" | "is let go of" | "is read on";

/** What the ledger must say of one attempt. */
export interface ExpectedCall {
  readonly attempt: number;
  readonly costStatus: "priced" | "unknown_usage" | "not_billed";
  /** Which of the tokens that the provider billed the ledger must have, each exactly; it has no others. */
  readonly tokens: "all" | "input" | "none";
  readonly status: "ok" | "error";
}

/** What tells one API of an SDK from another, as far as outcomes go. */
export interface WireTraits {
  readonly usageArrives: UsageArrival;
  readonly transport: Transport;
  readonly unreadStream: UnreadStream;
  readonly leftStream: LeftStream;
}

const EXACT: ExpectedCall = { attempt: 0, costStatus: "priced", tokens: "all", status: "ok" };
const UNKNOWN: ExpectedCall = { attempt: 0, costStatus: "unknown_usage", tokens: "none", status: "ok" };
const INPUT_ONLY: ExpectedCall = { ...UNKNOWN, tokens: "input" };
const REFUSED: ExpectedCall = { attempt: 0, costStatus: "not_billed", tokens: "none", status: "error" };

/** A stream of which the app has seen the beginning. */
const BEGUN: Readonly<Record<UsageArrival, ExpectedCall>> = {
  "at the end": UNKNOWN,
  "input first": INPUT_ONLY,
  "so far in each chunk": INPUT_ONLY,
};

/** The one table of what the ledger must say of each way of calling, an entry an attempt. */
const OUTCOMES: Readonly<Record<WayOfCalling, (wire: WireTraits) => readonly ExpectedCall[]>> = {
  plain: () => [EXACT],
  streamToEnd: () => [EXACT],
  // What the SDK has received although the app has not is billed, and known.
  earlyBreak: ({ usageArrives, leftStream }) => [leftStream === "is read on" ? EXACT : BEGUN[usageArrives]],
  abort: ({ usageArrives }) => [BEGUN[usageArrives]],
  dropped: ({ usageArrives }) => [{ ...BEGUN[usageArrives], status: "error" }],
  unconsumed: ({ unreadStream }) => [unreadStream === "is read ahead" ? EXACT : UNKNOWN],
  structured: () => [EXACT],
  rawResponse: () => [EXACT, EXACT],
  toolTurns: () => [EXACT, EXACT],
  retried: () => [REFUSED, { ...EXACT, attempt: 1 }],
  failed: () => [REFUSED],
};

/** What the ledger must say of a way of calling, in the order of the attempts. */
export function expectOutcomes(way: WayOfCalling, wire: WireTraits): readonly ExpectedCall[] {
  return OUTCOMES[way](wire);
}

const PHRASES: Readonly<Record<ExpectedCall["costStatus"], Readonly<Record<ExpectedCall["tokens"], string>>>> = {
  priced: { all: "exact usage", input: "", none: "" },
  unknown_usage: { all: "", input: "unknown usage but the exact input", none: "unknown usage" },
  not_billed: { all: "", input: "", none: "no bill" },
};

/** A sentence such as "an early break is counted once, with unknown usage". */
export function describeOutcome(way: WayOfCalling, wire: WireTraits): string {
  const expected = expectOutcomes(way, wire);
  const phrases = new Set(expected.map(({ costStatus, tokens }) => PHRASES[costStatus][tokens]));
  const times = expected.length === 1 ? "once" : "twice";
  return `${SUBJECTS[way]} is counted ${times}, with ${[...phrases].join(", then ")}`;
}

/** Whether the call ends only when what the app has let go of is collected. */
export function endsWhenCollected(way: WayOfCalling, { leftStream }: WireTraits): boolean {
  return way === "unconsumed" || (way === "earlyBreak" && leftStream === "is let go of");
}
