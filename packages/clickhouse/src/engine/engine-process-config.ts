import type { EngineMemory } from "./engine-settings.ts";

/** What the engine's process is told, as JSON in its first argument. */
export interface EngineProcessConfig {
  readonly dataDir: string;
  readonly socketPath: string;
  /** Queries that run at the same time. */
  readonly sessions: number;
  readonly memory: EngineMemory;
}

/** Header of the request that only asks whether the engine lives; it has a session of its own, so that no query is before it. */
export const HEARTBEAT_HEADER = "x-spancost-heartbeat";
