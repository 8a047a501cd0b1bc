import { setTimeout as sleep } from "node:timers/promises";
import { applyChange } from "./api.ts";
import { hasScratch } from "./create-traffic.ts";
import { HOUSE } from "./prices.ts";
import type { Random } from "./random.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Tally } from "./tally.ts";

const HOUR_MS = 3_600_000;
/** The window of times that are accepted is a day ahead and the retention back: jumps stay within. */
const MAX_JUMP_MS = 20 * HOUR_MS;
const MAX_MOMENT_MS = 600;
/** Longer than the engine may be silent. */
const HANG_MS = 5_500;
const HANG_SHARE = 0.06;
/** How many of the rounds that have somebody to erase do so while they run. */
const ERASE_SHARE = 0.6;

type Disturb = (server: ServerProcess, random: Random, round: number) => Promise<unknown>;

const DISTURBANCES: Readonly<Record<string, Disturb>> = {
  async "clock jump"(server, random) {
    server.setClock(random.int(-MAX_JUMP_MS, MAX_JUMP_MS));
  },
  async "disk full"(server, random) {
    server.setDisk("full");
    await sleep(random.int(50, MAX_MOMENT_MS));
    server.setDisk("none");
  },
  async "disk flaky"(server, random) {
    server.setDisk("flaky");
    await sleep(random.int(50, MAX_MOMENT_MS));
    server.setDisk("none");
  },
  async "engine stands still"(server, random) {
    const resume = server.pauseEngine();
    await sleep(random.chance(HANG_SHARE) ? HANG_MS : random.int(50, MAX_MOMENT_MS));
    resume();
  },
  async "engine killed twice"(server, random) {
    server.signalEngine("SIGKILL");
    await sleep(random.int(100, MAX_MOMENT_MS));
    server.signalEngine("SIGKILL");
  },
  reprice: (server) => applyChange(server, "reprice", { model: HOUSE.model }),
  erase: (server, _random, round) => applyChange(server, "erase", { tenant: `scratch-${round}` }),
  nothing: async () => {},
};

/** Does one or two bad things to a server at random moments of a time, and takes them back. */
export async function disturb(
  server: ServerProcess,
  random: Random,
  tally: Tally,
  { round, withinMs }: { readonly round: number; readonly withinMs: number },
): Promise<void> {
  const others = random.shuffle(Object.keys(DISTURBANCES).filter((name) => name !== "erase"));
  // There is somebody to erase in few rounds: it is to be disturbed in many of these.
  const possible = hasScratch(round) && random.chance(ERASE_SHARE) ? ["erase", ...others] : others;
  const chosen = possible.slice(0, random.chance(0.5) ? 2 : 1);
  await Promise.all(
    chosen.map(async (name) => {
      await sleep(random.int(0, withinMs));
      tally.count(`disturbed: ${name}`);
      await DISTURBANCES[name]?.(server, random, round);
    }),
  );
}

/** How a round ends. */
export type Ending = "server killed" | "engine killed" | "both killed" | "stopped";

/** Ends the server, or its engine, or both. @returns whether the server has to be started again */
export async function end(server: ServerProcess, ending: Ending, tally: Tally): Promise<boolean> {
  tally.count(`ended: ${ending}`);
  if (ending === "engine killed") {
    server.signalEngine("SIGKILL");
    return false;
  }
  if (ending === "stopped") {
    if (!(await server.stop())) tally.violate("hung", "a graceful stop took more than 30 s");
    return true;
  }
  if (ending === "both killed") server.signalEngine("SIGKILL");
  await server.kill();
  return true;
}
