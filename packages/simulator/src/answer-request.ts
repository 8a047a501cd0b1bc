import type { BillingJournal } from "./billing-journal.ts";
import { type Endpoint, findEndpoint, readTarget, toProviderHeaders } from "./endpoints.ts";
import { type Fault, type FaultScript, toRefusal } from "./faults.ts";
import type { AnyRequest, AnyResponse } from "./http-exchange.ts";
import { isJsonObject, type JsonObject, walkStrings } from "./json-reading.ts";
import { findModel } from "./model-catalog.ts";
import { type PromptMarkers, readPromptMarkers } from "./prompt-markers.ts";
import { readBody } from "./read-body.ts";
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
  readonly accepted: string;
  readonly response: AnyResponse;
}

/** Answers one HTTP request: the journal, or a provider API. */
export async function answerRequest(state: SimulatorState, request: AnyRequest, response: AnyResponse): Promise<void> {
  const path = new URL(request.url ?? "/", "http://simulator").pathname;
  if (path === "/__journal") {
    sendJson(response, 200, {}, { calls: state.journal.calls(), requests: state.journal.requests() });
    return;
  }
  const complete = state.journal.receive({ method: request.method ?? "GET", path, headers: request.headers });
  const { text, value: body } = await readBody(request);
  const markers = readPromptMarkers(body);
  response.once("close", () => complete({ tenantHint: markers.tenant ?? null, status: response.statusCode }));
  const endpoint = request.method === "POST" ? findEndpoint(path) : undefined;
  if (endpoint === undefined)
    sendJson(response, 404, {}, toRequestError(`No provider API at ${request.method} ${path}.`));
  else if (!isJsonObject(body)) sendJson(response, 400, {}, toRequestError("The body must be a JSON object."));
  else {
    const accepted = request.headers["accept-encoding"]?.toString() ?? "";
    await answerProviderCall(state, { endpoint, path, text, request: body, markers, accepted, response });
  }
}

async function answerProviderCall(state: SimulatorState, exchange: Exchange): Promise<void> {
  const { endpoint, path, request, response } = exchange;
  const target = readTarget(endpoint, path, request);
  if (target.model === undefined) {
    sendJson(response, 400, {}, toRequestError("You must provide a model parameter."));
    return;
  }
  const fault = state.faults(exchange.markers.fault);
  const draw = drawFor(state, exchange, fault);
  const requestId = `req_${draw.hex("request id", 32)}`;
  const headers = toProviderHeaders(endpoint.provider, requestId);
  if (fault?.kind === "refuse") {
    const refusal = toRefusal(endpoint.provider, fault.status, target.model, requestId);
    sendJson(response, fault.status, { ...headers, ...refusal.headers }, refusal.body);
    return;
  }
  await sendBilledAnswer(state, exchange, { model: target.model, streamed: target.streamed, draw, headers, fault });
}

/** Refused attempts draw from their own sequence, so that a retry changes no figure of a billed call. */
function drawFor(state: SimulatorState, { markers, path, text, request }: Exchange, fault: Fault | undefined): Draw {
  const kind = fault?.kind === "refuse" ? "refused " : "";
  if (markers.id === undefined) return state.draws.next(`${kind}${path}\n${text}`);
  return state.draws.fixed(`${kind}${markers.id}\n${path}\n${[...walkStrings(request)].join("\n")}`);
}

/** The time in every answer to a request with an `[id=...]` marker: 2026-01-01. */
const FIXED_TIME_SECONDS = 1_767_225_600;

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
  const createdAtSeconds = markers.id === undefined ? Math.floor(Date.now() / 1_000) : FIXED_TIME_SECONDS;
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
  const gzip = markers.gzip && /\bgzip\b/.test(exchange.accepted);
  close(await sendAnswer(response, answer, { headers: plan.headers, delayMs: markers.delayMs, cut, gzip }));
}

function toRequestError(message: string): object {
  return { error: { message, type: "invalid_request_error", param: null, code: null } };
}
