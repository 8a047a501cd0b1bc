import type { SpanAttribution } from "../read-attribution.ts";
import { findPeerCandidates } from "./peer-candidates.ts";
import { couldBeSame, findAncestorMatch, findPeerMatch } from "./same-call.ts";
import type { DuplicateReason, Settlement, SettleCall, SettleSpan } from "./settle-facts.ts";
import { TraceTree } from "./trace-tree.ts";

interface Duplicate {
  readonly of: SettleCall;
  readonly reason: DuplicateReason;
}

/**
 * Finds out which spans are one call seen several times, and whom a call belongs to. Pure: the answer depends on what the spans say,
 * not on the order in which they came. `calls` holds every call span of the traces in question, and those of other traces in the same
 * time that could be the same calls; `spans` every span of those traces.
 */
export function settleCalls(calls: readonly SettleCall[], spans: readonly SettleSpan[]): Map<string, Settlement> {
  const tree = new TraceTree(spans);
  const ordered = calls
    .map((call) => ({
      ...call,
      attribution: inherit(
        call.attribution,
        tree.ancestors(call).map((span) => span.attribution),
      ),
    }))
    .toSorted(compareForOrder);
  const duplicates = new Map<string, Duplicate>();
  // Side by side first, so that a sum over steps meets each step once.
  settlePeers(ordered, tree, duplicates);
  settleAncestors(ordered, tree, duplicates);
  return describe(ordered, duplicates);
}

/** Calls with calls below them in the same trace: the one that knows more counts, once. */
function settleAncestors(calls: readonly SettleCall[], tree: TraceTree, duplicates: Map<string, Duplicate>): void {
  const byKey = new Map(calls.map((call) => [call.key, call]));
  const below = new Map<string, SettleCall[]>();
  for (const call of calls) {
    for (const span of tree.ancestors(call)) {
      const ancestor = byKey.get(`${span.traceId}:${span.spanId}`);
      if (ancestor === undefined) continue;
      const known = below.get(ancestor.key);
      if (known === undefined) below.set(ancestor.key, [call]);
      else known.push(call);
    }
  }
  // The deepest first, so that an ancestor meets descendants that are settled among themselves.
  const depth = (call: SettleCall) => tree.ancestors(call).length;
  for (const ancestor of calls.toSorted((a, b) => depth(b) - depth(a))) {
    const descendants = (below.get(ancestor.key) ?? []).filter((call) => !duplicates.has(call.key));
    if (descendants.length > 0 && !duplicates.has(ancestor.key)) settleAncestor(ancestor, descendants, duplicates);
  }
}

function settleAncestor(
  ancestor: SettleCall,
  descendants: readonly SettleCall[],
  duplicates: Map<string, Duplicate>,
): void {
  for (const call of descendants) {
    const reason = findAncestorMatch(ancestor, call);
    if (reason === null) continue;
    if (compareInformation(ancestor, call) > 0) duplicates.set(call.key, { of: ancestor, reason });
    else duplicates.set(ancestor.key, { of: call, reason });
    return;
  }
  const known = descendants.filter((call) => call.usageKnown);
  if (!ancestor.usageKnown) {
    const inner = [...known, ...descendants].find((call) => couldBeSame(ancestor, call));
    if (inner !== undefined) duplicates.set(ancestor.key, { of: inner, reason: "ancestor-without-usage" });
  } else if (known.length === 0) {
    for (const call of descendants.filter((each) => !each.refused && couldBeSame(ancestor, each))) {
      duplicates.set(call.key, { of: ancestor, reason: "descendant-without-usage" });
    }
  } else if (known.length > 1 && isSum(ancestor, known)) {
    duplicates.set(ancestor.key, { of: known[0] ?? ancestor, reason: "sum-of-descendants" });
  }
}

function isSum(ancestor: SettleCall, descendants: readonly SettleCall[]): boolean {
  const sum = (read: (call: SettleCall) => number | null) =>
    descendants.reduce((total, call) => total + (read(call) ?? 0), 0);
  return (
    sum(({ usage }) => usage.output) === ancestor.usage.output &&
    sum(({ usage }) => usage.input) === ancestor.usage.input
  );
}

/** Spans of two producers, in two traces or side by side in one: each takes at most one of each other producer. */
function settlePeers(calls: readonly SettleCall[], tree: TraceTree, duplicates: Map<string, Duplicate>): void {
  const matches = findPeerMatches(calls, tree);
  const partners = countPartners(matches);
  const taken = new Set<string>();
  for (const pass of PEER_PASSES) {
    for (const { call, other, reason } of matches) {
      if (reason !== pass || duplicates.has(call.key) || duplicates.has(other.key)) continue;
      const pairs = [`${call.key} ${other.producer}`, `${other.key} ${call.producer}`];
      if (pairs.some((pair) => taken.has(pair))) continue;
      // Time alone does not tell which of several calls at once a span without usage belongs to: it then stays a call of its own.
      if (reason === "peer-without-usage" && pairs.some((pair) => partners.get(pair) !== 1)) continue;
      const [loser, winner] = compareInformation(call, other) > 0 ? [other, call] : [call, other];
      for (const pair of pairs) taken.add(pair);
      duplicates.set(loser.key, { of: winner, reason });
    }
  }
}

interface PeerMatch {
  readonly call: SettleCall;
  readonly other: SettleCall;
  readonly reason: DuplicateReason;
}

/** The surest evidence first, so that it takes what belongs together before weaker evidence can. */
const PEER_PASSES: readonly DuplicateReason[] = ["same-response", "same-usage", "peer-without-usage"];
function findPeerMatches(calls: readonly SettleCall[], tree: TraceTree): PeerMatch[] {
  const byTime = calls.toSorted(
    (a, b) => compareNumbers(a.startTimeUnixNano, b.startTimeUnixNano) || compareForOrder(a, b),
  );
  return findPeerCandidates(byTime).flatMap(([call, other]) => {
    const reason = findPeerMatch(call, other);
    return reason === null || tree.areInLine(call, other) ? [] : [{ call, other, reason }];
  });
}

/** How many calls of a producer each call could be the same as, by `<key> <producer>`. */
function countPartners(matches: readonly PeerMatch[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { call, other } of matches) {
    for (const pair of [`${call.key} ${other.producer}`, `${other.key} ${call.producer}`]) {
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  return counts;
}

function describe(calls: readonly SettleCall[], duplicates: ReadonlyMap<string, Duplicate>): Map<string, Settlement> {
  const losersAttribution = new Map<string, SpanAttribution[]>();
  for (const call of calls) {
    if (!duplicates.has(call.key)) continue;
    const winner = findWinner(call, duplicates).key;
    losersAttribution.set(winner, [...(losersAttribution.get(winner) ?? []), call.attribution]);
  }
  return new Map(
    calls.map((call): [string, Settlement] => {
      const duplicate = duplicates.get(call.key);
      const { attribution } = call;
      if (duplicate === undefined) {
        const inherited = inherit(attribution, losersAttribution.get(call.key) ?? []);
        return [call.key, { duplicateOf: "", reason: "", attribution: inherited }];
      }
      const duplicateOf = findWinner(duplicate.of, duplicates).key;
      return [call.key, { duplicateOf, reason: duplicate.reason, attribution }];
    }),
  );
}

function findWinner(call: SettleCall, duplicates: ReadonlyMap<string, Duplicate>): SettleCall {
  const seen = new Set<string>();
  let at = call;
  for (let next = duplicates.get(at.key); next !== undefined && !seen.has(at.key); next = duplicates.get(at.key)) {
    seen.add(at.key);
    at = next.of;
  }
  return at;
}

/** Fills what is missing from the nearest that has it. Tenant, user and feature are inherited each by itself; a task with its id. */
function inherit(own: SpanAttribution, others: readonly SpanAttribution[]): SpanAttribution {
  const first = (key: "tenantId" | "userId" | "feature") =>
    own[key] || (others.find((each) => each[key] !== "")?.[key] ?? "");
  const task =
    own.task === "" && own.taskId === "" ? others.find((each) => each.task !== "" || each.taskId !== "") : own;
  return {
    tenantId: first("tenantId"),
    userId: first("userId"),
    feature: first("feature"),
    task: task?.task ?? "",
    taskId: task?.taskId ?? "",
  };
}

/** Positive when `a` tells more of what was billed than `b`. On a tie the second one counts: the descendant, or the one within. */
function compareInformation(a: SettleCall, b: SettleCall): number {
  return informationOf(a) - informationOf(b);
}

const PARTS = [
  "cacheRead",
  "cacheWrite5m",
  "cacheWrite1h",
  "reasoning",
  "audioIn",
  "audioOut",
  "webSearchRequests",
] as const;

function informationOf(call: SettleCall): number {
  const parts = PARTS.filter((part) => call.usage[part] !== null).length;
  const names = Number(call.responseId !== "") + Number(call.modelReported !== "");
  return Number(call.usageKnown) * 1_000 + parts * 10 + names;
}

/** A fixed order, so that the answer does not depend on the order of arrival. */
function compareForOrder(a: SettleCall, b: SettleCall): number {
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
}

function compareNumbers(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
