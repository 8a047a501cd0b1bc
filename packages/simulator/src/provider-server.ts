import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { answerRequest, type SimulatorState } from "./answer-request.ts";
import { type BilledCall, BillingJournal, type ReceivedRequest } from "./billing-journal.ts";
import { createFaultScript } from "./faults.ts";
import { sendJson } from "./send-answer.ts";
import { createDrawSource } from "./token-draw.ts";

/** How to start a simulator. */
export interface SimulatorOptions {
  /**
   * Decides all token counts: the same requests cost the same under the same seed.
   * @default 1
   */
  readonly seed?: number;
}

/** A running provider simulator. */
export interface Simulator {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** The calls billed so far, in order of arrival. */
  journal(): readonly BilledCall[];
  /** The requests received so far, in order of arrival; all but those for the journal. */
  requests(): readonly ReceivedRequest[];
  /** Stops listening and cuts open connections. */
  close(): Promise<void>;
}

/** Starts a server on a free loopback port that speaks the wire formats of OpenAI, Anthropic, Gemini and Groq. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const journal = new BillingJournal();
  const server = createProviderServer({
    journal,
    draws: createDrawSource(options.seed ?? 1),
    faults: createFaultScript(),
  });
  const { port } = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    journal: () => journal.calls(),
    requests: () => journal.requests(),
    close: () => close(server),
  };
}

function createProviderServer(state: SimulatorState): Server {
  return createServer((request, response) => {
    answerRequest(state, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, {}, { error: { message: `The simulator failed: ${String(error)}` } });
    });
  });
}

function listen(server: Server): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string")
        reject(new Error(`Expected a TCP address, got ${String(address)}.`));
      else resolve(address);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
