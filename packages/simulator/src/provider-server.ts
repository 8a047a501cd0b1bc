import { createServer, type RequestListener } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";

import { answerRequest, type SimulatorState } from "./answer-request.ts";
import { type BilledCall, BillingJournal, type ReceivedRequest } from "./billing-journal.ts";
import { createFaultScript } from "./faults.ts";
import { findAttribution } from "./find-attribution.ts";
import { type AnyRequest, type AnyResponse, cutResponse } from "./http-exchange.ts";
import { sendJson } from "./send-answer.ts";
import { createDrawSource } from "./token-draw.ts";

/** How to start a simulator. */
export interface SimulatorOptions {
  /**
   * Decides all token counts: the same requests cost the same under the same seed.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Tenants, users and features of the callers, which no header may show; those in prompt markers (tenant, user) count as well.
   * @default []
   */
  readonly attributionValues?: readonly string[];
}

/** A running provider simulator. */
export interface Simulator {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** The same over HTTP/2 without TLS, for clients that know it beforehand (`h2c`, as the AWS SDK uses it). */
  readonly http2Url: string;
  /** The calls billed so far, in order of arrival. */
  journal(): readonly BilledCall[];
  /** The requests received so far, in order of arrival; all but those for the journal. */
  requests(): readonly ReceivedRequest[];
  /** @throws Error when a request so far had attribution in a header: its name, or a value of a caller's */
  assertNoAttribution(): void;
  /** Stops listening and cuts open connections, then asserts that no attribution was received. */
  close(): Promise<void>;
}

/** Starts servers on free loopback ports that speak the wire formats of OpenAI, Anthropic, Gemini, Groq and Bedrock. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const journal = new BillingJournal();
  const answer = createListener({ journal, draws: createDrawSource(options.seed ?? 1), faults: createFaultScript() });
  const [http, http2] = [startHttp(answer), startHttp2(answer)];
  const [{ port }, { port: http2Port }] = await Promise.all([listen(http.server), listen(http2.server)]);
  const assertNoAttribution = (): void => {
    const hints = journal.calls().flatMap(({ tenantHint, userHint }) => [tenantHint ?? "", userHint ?? ""]);
    const leaks = findAttribution(journal.requests(), [...(options.attributionValues ?? []), ...hints]);
    if (leaks.length > 0) throw new Error(`The providers received attribution:\n${leaks.join("\n")}`);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    http2Url: `http://127.0.0.1:${http2Port}`,
    journal: () => journal.calls(),
    requests: () => journal.requests(),
    assertNoAttribution,
    async close() {
      await Promise.all([close(http), close(http2)]);
      assertNoAttribution();
    },
  };
}

type Listener = (request: AnyRequest, response: AnyResponse) => void;

interface StartedServer {
  readonly server: Server;
  readonly cutConnections: () => void;
}

function createListener(state: SimulatorState): Listener {
  return (request, response) => {
    answerRequest(state, request, response).catch((error: unknown) => {
      if (response.headersSent) cutResponse(response);
      else sendJson(response, 500, {}, { error: { message: `The simulator failed: ${String(error)}` } });
    });
  };
}

function startHttp(answer: RequestListener): StartedServer {
  const server = createServer(answer);
  return { server, cutConnections: () => server.closeAllConnections() };
}

function startHttp2(answer: Listener): StartedServer {
  // Not sessions: one whose stream was collected unread ends without its socket.
  const sockets = new Set<Socket>();
  const server = createHttp2Server(answer).on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return { server, cutConnections: () => sockets.forEach((socket) => socket.destroy()) };
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

function close({ server, cutConnections }: StartedServer): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    cutConnections();
  });
}
