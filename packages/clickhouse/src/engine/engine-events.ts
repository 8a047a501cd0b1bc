import type { StoreError } from "../store-error.ts";

/** Why an engine was started again: its process ended, or it was ended because it gave no answer. */
export type RestartReason = "died" | "unresponsive";

/** What happens to a running engine; meant for structured logs. */
export type EngineEvent =
  | {
      readonly type: "died";
      readonly pid: number;
      readonly reason: RestartReason;
      /** The signal or exit code, the last words, and what was wrong with an unresponsive engine. */
      readonly detail: string;
    }
  | {
      readonly type: "restarted";
      readonly pid: number;
      readonly reason: RestartReason;
      /** How long no query was taken. */
      readonly downMs: number;
    }
  | {
      readonly type: "cannot-start";
      readonly error: StoreError;
      /** 1 for the first attempt since the engine died. */
      readonly attempt: number;
      readonly retryInMs: number;
    };
