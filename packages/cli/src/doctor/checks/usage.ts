import {
  type PlacedCall,
  findCalls,
  findCallsEnding,
  isSpancostNodeExpected,
  isUsed,
  pickExpected,
} from "../app-questions.ts";
import { type Finding, createFinding } from "../finding.ts";
import { OUR_INSTRUMENTATIONS } from "../gen-ai-packages.ts";
import type { AppFacts } from "../read-app.ts";
import { toObject } from "../source-facts.ts";

const CHAT_CALL = "chat.completions.create";
const RATIO_SAMPLERS = new Set(["TraceIdRatioBasedSampler", "createTraceIdRatioBasedSampler"]);

/** OpenAI chat streams report usage only to callers that ask. */
export function checkStreams(app: AppFacts): Finding[] {
  const ours = pickExpected(app, OUR_INSTRUMENTATIONS).some(
    ([, coverage]) => coverage === "openai" || coverage === "all",
  );
  if (ours || !isUsed(app, "openai")) return [];
  const message = "A chat completion is streamed without asking for usage, so nobody can know what it cost.";
  const fix = "Add stream_options: { include_usage: true }, or let @spancost/instrumentation-openai ask for it unseen.";
  return findCallsEnding(app, CHAT_CALL)
    .filter(streamsWithoutUsage)
    .map(({ where }) => createFinding("stream-without-usage", message, fix, where));
}

/** A sampler that drops traces drops their cost. */
export function checkSampling(app: AppFacts): Finding[] {
  if (findCalls(app, new Set(["BillingSampler"])).length > 0 || isSpancostNodeExpected(app)) return [];
  const calls = findCalls(app, RATIO_SAMPLERS).map(({ where }) => where);
  const scripts = /OTEL_TRACES_SAMPLER=\S*traceidratio/.test(app.scripts) ? ["package.json"] : [];
  const message = "A sampler drops part of the traces, and with them the cost of their LLM calls.";
  const fix =
    "Wrap the sampler: new BillingSampler(sampler) of @spancost/otel, with BillingSpanProcessor as the exporting processor.";
  return [...calls, ...scripts].map((where) => createFinding("sampled-bill", message, fix, where));
}

function streamsWithoutUsage({ args }: PlacedCall): boolean {
  const request = toObject(args[0]);
  if (request === undefined || request.fields.get("stream") !== true) return false;
  if (request.isOpen && !request.fields.has("stream_options")) return false;
  const options = toObject(request.fields.get("stream_options"));
  return options === undefined ? !request.fields.has("stream_options") : options.fields.get("include_usage") !== true;
}
