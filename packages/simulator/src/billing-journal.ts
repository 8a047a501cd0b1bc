import type { BilledUsage } from "./canonical-usage.ts";

/** The provider APIs that the simulator speaks. */
export type SimulatedProvider = "openai" | "anthropic" | "google" | "groq" | "bedrock";

/** One call that the simulator billed. */
export interface BilledCall {
  readonly provider: SimulatedProvider;
  /** The model in the answer, which may be a dated snapshot of the one asked for. */
  readonly model: string;
  /** Request path without the query. */
  readonly path: string;
  readonly streamed: boolean;
  readonly responseId: string;
  /** From a `[tenant=...]` marker in the prompt; `null` without one. */
  readonly tenantHint: string | null;
  readonly userHint: string | null;
  readonly featureHint: string | null;
  /** HTTP status of the answer. */
  readonly status: number;
  /** `cut`: the connection ended before the answer did, by a fault or by the client; still billed. */
  readonly outcome: "running" | "complete" | "cut";
  readonly usage: BilledUsage;
}

/** One request that arrived, billed or not. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly tenantHint: string | null;
  /** HTTP status of the answer; 0 while there is none. */
  readonly status: number;
}

/** What was received and billed, in order of arrival. */
export class BillingJournal {
  readonly #calls: BilledCall[] = [];
  readonly #requests: ReceivedRequest[] = [];

  /** Notes a billed call and returns the function that closes its record. */
  bill(call: Omit<BilledCall, "outcome">): (outcome: "complete" | "cut") => void {
    const index = this.#calls.push({ ...call, outcome: "running" }) - 1;
    return (outcome) => {
      this.#calls[index] = { ...call, outcome };
    };
  }

  /** Notes an arrived request and returns the function that completes its record. */
  receive(
    request: Omit<ReceivedRequest, "tenantHint" | "status">,
  ): (answer: Pick<ReceivedRequest, "tenantHint" | "status">) => void {
    const index = this.#requests.push({ ...request, tenantHint: null, status: 0 }) - 1;
    return (answer) => {
      this.#requests[index] = { ...request, ...answer };
    };
  }

  /** A copy of the billed calls so far. */
  calls(): readonly BilledCall[] {
    return [...this.#calls];
  }

  /** A copy of the requests so far. */
  requests(): readonly ReceivedRequest[] {
    return [...this.#requests];
  }
}
