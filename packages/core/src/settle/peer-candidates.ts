import { END_TOLERANCE_NANO } from "./same-call.ts";
import type { SettleCall } from "./settle-facts.ts";

/** How long after the end of one span another can begin and still be looked at. */
const PEER_SLACK_NANO = 10_000_000n;

/**
 * Pairs of calls of two producers in one service that need to be looked at: they overlap in time, and share a response id or a usage, or
 * one of them has no usage and ends with the other. Others cannot be one call. By pairs of all that overlap, thousands of calls at once
 * would take seconds.
 * @param byTime in the order of their starts
 * @returns in that order, by the first and then the second
 */
export function findPeerCandidates(byTime: readonly SettleCall[]): (readonly [SettleCall, SettleCall])[] {
  const pairs = new Set<number>();
  const add = (a: number, b: number) => pairs.add(Math.min(a, b) * byTime.length + Math.max(a, b));
  for (const places of Map.groupBy(byTime.keys(), (at) => byTime[at]?.service).values()) {
    if (new Set(places.map((at) => byTime[at]?.producer)).size < 2) continue;
    pairByEvidence(byTime, places, add);
    pairByEnd(byTime, places, add);
  }
  return [...pairs]
    .sort((a, b) => a - b)
    .flatMap((pair) => {
      const [first, second] = [byTime[Math.floor(pair / byTime.length)], byTime[pair % byTime.length]];
      return first === undefined || second === undefined ? [] : [[first, second] as const];
    });
}

type Add = (a: number, b: number) => void;

function pairByEvidence(byTime: readonly SettleCall[], places: readonly number[], add: Add): void {
  const byEvidence = new Map<string, number[]>();
  for (const at of places) {
    for (const evidence of listEvidence(byTime[at])) {
      const others = byEvidence.get(evidence);
      if (others === undefined) byEvidence.set(evidence, [at]);
      else others.push(at);
    }
  }
  for (const ats of byEvidence.values()) {
    for (const [index, at] of ats.entries()) {
      const call = byTime[at];
      for (let next = index + 1; next < ats.length; next += 1) {
        const otherAt = ats[next] ?? 0;
        const other = byTime[otherAt];
        if (call === undefined || other === undefined) break;
        if (other.startTimeUnixNano > call.endTimeUnixNano + PEER_SLACK_NANO) break;
        if (other.producer !== call.producer) add(at, otherAt);
      }
    }
  }
}

function listEvidence(call: SettleCall | undefined): string[] {
  if (call === undefined) return [];
  const { responseId, usage, usageKnown } = call;
  // Where something was generated, one of two may leave cached tokens out of its input.
  const input = (usage.output ?? 0) > 0 ? "" : `${usage.input}`;
  return [
    ...(responseId === "" ? [] : [`response ${responseId}`]),
    ...(usageKnown ? [`usage ${usage.output} ${input}`] : []),
  ];
}

/** Calls without usage, with those that end when they do. */
function pairByEnd(byTime: readonly SettleCall[], places: readonly number[], add: Add): void {
  const without = places.filter((at) => byTime[at]?.usageKnown === false && !byTime[at].refused);
  if (without.length === 0) return;
  const byEnd = places
    .flatMap((at) => {
      const call = byTime[at];
      return call?.usageKnown === true ? [{ at, call }] : [];
    })
    .sort((a, b) => Number(a.call.endTimeUnixNano - b.call.endTimeUnixNano));
  for (const at of without) {
    const call = byTime[at];
    if (call === undefined) continue;
    const from = call.endTimeUnixNano - END_TOLERANCE_NANO;
    for (let next = findFirst(byEnd, from); next < byEnd.length; next += 1) {
      const other = byEnd[next];
      if (other === undefined || other.call.endTimeUnixNano > call.endTimeUnixNano + END_TOLERANCE_NANO) break;
      if (other.call.producer !== call.producer) add(at, other.at);
    }
  }
}

/** The place of the first that ends at a moment or later. */
function findFirst(byEnd: readonly { readonly call: SettleCall }[], endNano: bigint): number {
  let [low, high] = [0, byEnd.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((byEnd[middle]?.call.endTimeUnixNano ?? endNano) < endNano) low = middle + 1;
    else high = middle;
  }
  return low;
}
