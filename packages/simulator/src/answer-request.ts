import type { IncomingMessage, ServerResponse } from "node:http";

import type { BillingJournal } from "./billing-journal.ts";
import { type Endpoint, findEndpoint, readTarget, toProviderHeaders } from "./endpoints.ts";
import { type Fault, type FaultScript, toRefusal } from "./faults.ts";
import { isJsonObject, type JsonObject } from "./json-reading.ts";
import { findModel } from "./model-catalog.ts";
import { type PromptMarkers, readPromptMarkers } from "./prompt-markers.ts";
import { parseJson, readBody } from "./read-body.ts";
import { sendAnswer, sendJson } from "./send-answer.ts";
import type { Draw, DrawSource } from "./token-draw.ts";

/** What the requests of one simulator share. */
export interface SimulatorState {
  readonly journal: BillingJournal;
  readonly draws: DrawSource;
  readonly faults: FaultScript;
}

/** One request to a provider API, read and understood. */
interface Exchange {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly text: string;
  readonly request: JsonObject;
  readonly markers: PromptMarkers;
  readonly response: ServerResponse;
}

/** Answers one HTTP request: the journal, or a provider API. */
export async function answerRequest(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(request.url ?? "/", "http://simulator").pathname;
  if (path === "/__journal") {
    sendJson(response, 200, {}, { calls: state.journal.calls(), requests: state.journal.requests() });
    return;
  }
  const complete = state.journal.receive({ method: request.method ?? "GET", path, headers: request.headers });
  const text = await readBody(request);
  const body = parseJson(text);
  const markers = readPromptMarkers(body);
  response.once("close", () => complete({ tenantHint: markers.tenant ?? null, status: response.statusCode }));
  const endpoint = request.method === "POST" ? findEndpoint(path) : undefined;
  if (endpoint === undefined)
    sendJson(response, 404, {}, toRequestError(`No provider API at ${request.method} ${path}.`));
  else if (!isJsonObject(body)) sendJson(response, 400, {}, toRequestError("The body must be a JSON object."));
  else await answerProviderCall(state, { endpoint, path, text, request: body, markers, response });
}

async function answerProviderCall(state: SimulatorState, exchange: Exchange): Promise<void> {
  const { endpoint, path, request, response } = exchange;
  const target = readTarget(endpoint, path, request);
  if (target.model === undefined) {
    sendJson(response, 400, {}, toRequestError("You must provide a model parameter."));
    return;
  }
  const fault = state.faults(exchange.markers.fault);
  // Refused attempts draw from their own sequence, so that a retry changes no figure of a billed call.
  const draw = state.draws.next(`${fault?.kind === "refuse" ? "refused " : ""}${path}\n${exchange.text}`);
  const requestId = `req_${draw.hex("request id", 32)}`;
  const headers = toProviderHeaders(endpoint.provider, requestId);
  if (fault?.kind === "refuse") {
    const refusal = toRefusal(endpoint.provider, fault.status, target.model, requestId);
    sendJson(response, fault.status, { ...headers, ...refusal.headers }, refusal.body);
    return;
  }
  await sendBilledAnswer(state, exchange, { model: target.model, streamed: target.streamed, draw, headers, fault });
}

interface BilledPlan {
  readonly model: string;
  readonly streamed: boolean;
  readonly draw: Draw;
  readonly headers: Readonly<Record<string, string>>;
  readonly fault: Fault | undefined;
}

/** Bills first and answers then: whatever a client has seen stands in the journal. */
async function sendBilledAnswer(state: SimulatorState, exchange: Exchange, plan: BilledPlan): Promise<void> {
  const { endpoint, request, markers, response } = exchange;
  const { streamed, draw } = plan;
  const model = findModel(plan.model);
  const usage = endpoint.planUsage(request, model, draw);
  const createdAtSeconds = Math.floor(Date.now() / 1_000);
  const answer = endpoint.answer({ request, model, streamed, usage, draw, createdAtSeconds });
  const close = state.journal.bill({
    provider: endpoint.provider,
    model: model.responded,
    path: exchange.path,
    streamed,
    responseId: answer.responseId,
    tenantHint: markers.tenant ?? null,
    userHint: markers.user ?? null,
    featureHint: markers.feature ?? null,
    status: 200,
    usage,
  });
  const cut = plan.fault?.kind === "drop";
  close(await sendAnswer(response, answer, { headers: plan.headers, delayMs: markers.delayMs, cut }));
}

function toRequestError(message: string): object {
  return { error: { message, type: "invalid_request_error", param: null, code: null } };
}
