import { HOUSE } from "./prices.ts";
import {
  callBelowRoot,
  callInTwoTraces,
  callSeenTwice,
  callToldDifferently,
  callWithoutUsage,
  costToldTwice,
  type Draft,
  houseCall,
  type Owner,
  plainCall,
  request,
  retriedCall,
  unpricedCall,
} from "./producers.ts";
import type { Random } from "./random.ts";
import type { Happening } from "./traffic.ts";

/** Tenants whose calls settlement leaves as they came: what is read of them only grows. */
export const STEADY_TENANTS = "steady-";
/** A tenant that is erased. */
export const SCRATCH_TENANT = "scratch";

/** How the trace ids of such a tenant begin. */
export const SCRATCH_TRACE = "dead";

const HOUR_MS = 3_600_000;
const NOW_MS = 60_000;
/** How late what is late comes: hours that were sealed long ago, in other partitions as well. */
const LATE_HOURS: readonly [number, ...number[]] = [1, 2, 3, 5, 24, 25, 9 * 24];
const LATE_SHARE = 0.35;
const TENANTS = 6;
const FEATURES: readonly [string, ...string[]] = ["chat", "search", "summary"];
/** How often each kind of traffic comes. */
const KINDS: readonly (readonly [weight: number, kind: (draft: Draft) => Happening])[] = [
  [10, callBelowRoot],
  [8, callSeenTwice],
  [5, callInTwoTraces],
  [3, callToldDifferently],
  [4, retriedCall],
  [2, unpricedCall],
  [1, callWithoutUsage],
  [4, costToldTwice],
  [4, request],
];
const STEADY_SHARE = 0.55;
const HOUSE_SHARE = 0.03;
const SCRATCH_SHARE = 0.03;

/** How a round's trace ids begin, so that they can be found. */
export function tracePrefix(round: number): string {
  return `aa${round.toString(16).padStart(6, "0")}`;
}

/** What happens in one round: mostly now, some of it hours or days ago. */
export function createTraffic(random: Random, round: number, count: number, nowUnixMs: number): Happening[] {
  return Array.from({ length: count }, () => create(random, round, nowUnixMs));
}

/** Erasing rewrites all parts that have any of it, so it is not done in each round. */
export function hasScratch(round: number): boolean {
  return round % 9 === 1;
}

/** Spans of a tenant that is there to be erased, in some rounds. */
export function createScratch(random: Random, round: number, count: number, nowUnixMs: number): Happening[] {
  if (!hasScratch(round)) return [];
  const tenantId = `${SCRATCH_TENANT}-${round}`;
  return Array.from({ length: Math.ceil(count * SCRATCH_SHARE) }, () =>
    plainCall({
      ...draw(random, round, nowUnixMs),
      traceId: `${SCRATCH_TRACE}${random.hex(14)}`,
      owner: { ...drawOwner(random, "x"), tenantId },
    }),
  );
}

/** Spans that come only in damaged bodies. */
export function createPhantoms(random: Random, round: number, count: number, nowUnixMs: number): Happening[] {
  return Array.from({ length: count }, () =>
    plainCall({
      ...draw(random, round, nowUnixMs),
      traceId: `bad0${random.hex(14)}`,
      owner: drawOwner(random, STEADY_TENANTS),
    }),
  );
}

function create(random: Random, round: number, nowUnixMs: number): Happening {
  const draft = draw(random, round, nowUnixMs);
  const share = random.next();
  if (share < STEADY_SHARE) return plainCall({ ...draft, owner: drawOwner(random, STEADY_TENANTS) });
  if (share < STEADY_SHARE + HOUSE_SHARE) return houseCall({ ...draft, owner: drawOwner(random, "house-") }, HOUSE);
  let rest = random.next() * KINDS.reduce((sum, [weight]) => sum + weight, 0);
  const [, kind = plainCall] = KINDS.find(([weight]) => (rest -= weight) < 0) ?? [];
  return kind(draft);
}

function draw(random: Random, round: number, nowUnixMs: number): Draft {
  const lateMs = random.pick(LATE_HOURS) * HOUR_MS + random.int(0, HOUR_MS);
  const ageMs = random.chance(LATE_SHARE) ? lateMs : random.int(0, NOW_MS);
  return {
    random,
    traceId: `${tracePrefix(round)}${random.hex(10)}0000`,
    startUnixMs: awayFromHour(nowUnixMs - ageMs),
    owner: drawOwner(random, "mixed-"),
  };
}

/** Two spans of one call are to be of one hour. */
function awayFromHour(unixMs: number): number {
  const margin = 10_000;
  return unixMs % HOUR_MS > HOUR_MS - margin ? unixMs - margin : unixMs;
}

function drawOwner(random: Random, prefix: string): Owner {
  return {
    tenantId: `${prefix}${random.int(1, TENANTS)}`,
    userId: `user-${random.int(1, 12)}`,
    feature: random.pick(FEATURES),
  };
}
