import { expect } from "vitest";
import type { BilledCall, ReceivedRequest, Simulator } from "../../../simulator/src/index.ts";

/** What a provider has seen since the record began. */
export interface ProviderRecord {
  /** The requests, once each is over. */
  requests(): Promise<readonly ReceivedRequest[]>;
  billed(): readonly BilledCall[];
  /** How it saw each billed call end, once all have. */
  endings(): Promise<readonly BilledCall["outcome"][]>;
}

const PATIENCE = { timeout: 5_000, interval: 5 };

/** Begins a record of what a simulator sees. */
export function recordProvider(simulator: Simulator): ProviderRecord {
  const [requestsBefore, billedBefore] = [simulator.requests().length, simulator.journal().length];
  const requests = () => simulator.requests().slice(requestsBefore);
  const billed = () => simulator.journal().slice(billedBefore);
  const endings = () => billed().map(({ outcome }) => outcome);
  return {
    async requests() {
      await expect.poll(() => requests().map(({ status }) => status), PATIENCE).not.toContain(0);
      return requests();
    },
    billed,
    async endings() {
      await expect.poll(endings, PATIENCE).not.toContain("running");
      return endings();
    },
  };
}
