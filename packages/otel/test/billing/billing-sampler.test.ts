import { type Attributes, ROOT_CONTEXT, SamplingDecision, SpanKind, trace, TraceFlags } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";
import { AlwaysOffSampler, NodeTracerProvider, ParentBasedSampler, type Sampler } from "@opentelemetry/sdk-trace-node";
import { describe, expect, it } from "vitest";
import { BillingSampler, getOtelCounters } from "../../src/index.ts";

const LLM = { "gen_ai.operation.name": "chat" };
const QUESTION = [ROOT_CONTEXT, "a".repeat(32), "span", SpanKind.CLIENT] as const;

/** The decision on a span, with an app's sampler that always answers the same. */
function decide(decision: SamplingDecision, name: string, attributes: Attributes) {
  const answer = { decision, attributes: { "app.rule": "r1" }, traceState: new TraceState("app=1") };
  const inner: Sampler = { shouldSample: () => answer };
  const sampler = new BillingSampler(inner);
  const [context, traceId, , kind] = QUESTION;
  return { answer, decided: sampler.shouldSample(context, traceId, name, kind, attributes, []) };
}
describe("BillingSampler", () => {
  it.each([SamplingDecision.NOT_RECORD, SamplingDecision.RECORD])(
    "records an LLM span that is not sampled, marked, with the app's attributes and trace state (decision %i)",
    (decision) => {
      const { answer, decided } = decide(decision, "span", LLM);
      expect(decided).toEqual({
        decision: SamplingDecision.RECORD,
        attributes: { "app.rule": "r1", "spancost.sampling": "billing" },
        traceState: answer.traceState,
      });
      expect(answer.attributes).toEqual({ "app.rule": "r1" });
    },
  );

  it("passes every other decision on untouched", () => {
    for (const decision of [SamplingDecision.NOT_RECORD, SamplingDecision.RECORD]) {
      const { answer, decided } = decide(decision, "GET /v1/chat", { "http.request.method": "GET" });
      expect(decided).toBe(answer);
    }
    const { answer, decided } = decide(SamplingDecision.RECORD_AND_SAMPLED, "chat", LLM);
    expect(decided).toBe(answer);
  });

  it.each([
    "chat gpt-5-mini",
    "embeddings text-embedding-3-small",
    "openai.resources.chat.completions",
    "anthropic.resources.messages",
    "anthropic.chat",
    "OpenAI.chat",
    "OpenAI Responses",
    "Anthropic Messages",
    "ChatAnthropic",
    "ai.generateText.doGenerate",
    "generate",
    "googleai/gemini-flash-latest",
    "response",
  ])("records %s, whose producer may set its attributes later", (name) => {
    expect(decide(SamplingDecision.NOT_RECORD, name, {}).decided.decision).toBe(SamplingDecision.RECORD);
  });

  it.each([
    "GET",
    "GET /v1/chat",
    "POST /openai",
    "SELECT chats",
    "tcp.connect",
    "middleware - query",
    "airflow run",
    "",
  ])("leaves %j dropped", (name) => {
    expect(decide(SamplingDecision.NOT_RECORD, name, {}).decided.decision).toBe(SamplingDecision.NOT_RECORD);
  });

  it("records what the app names besides, and everything while that function fails", () => {
    const before = getOtelCounters().billing_sampler_failed;
    const [context, traceId, , kind] = QUESTION;
    const named = new BillingSampler(new AlwaysOffSampler(), { alsoRecord: (name) => name === "my step" });
    const failing = new BillingSampler(new AlwaysOffSampler(), { alsoRecord: () => JSON.parse("not json") as boolean });
    const decisions = [named, failing].flatMap((sampler) =>
      ["my step", "other"].map((name) => sampler.shouldSample(context, traceId, name, kind, {}, []).decision),
    );
    expect(decisions).toEqual([1, 0, 1, 1]);
    expect(getOtelCounters().billing_sampler_failed).toBe(before + 2);
  });

  it("passes on what the app's sampler throws", () => {
    const error = new Error("of the app's sampler");
    const inner: Sampler = {
      shouldSample: () => {
        throw error;
      },
    };
    const sampler = new BillingSampler(inner);
    const [context, traceId, name, kind] = QUESTION;
    expect(() => sampler.shouldSample(context, traceId, name, kind, {}, [])).toThrow(error);
  });

  it("names the app's sampler", () => {
    expect(new BillingSampler(new AlwaysOffSampler()).toString()).toBe("BillingSampler{AlwaysOffSampler}");
  });

  it("leaves the sampled flag, and so the decisions of services downstream, as they are without it", () => {
    const sampler = new BillingSampler(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
    const tracer = new NodeTracerProvider({ sampler }).getTracer("test");
    const call = tracer.startSpan("chat", { attributes: LLM }, ROOT_CONTEXT);
    const below = tracer.startSpan("GET /", {}, trace.setSpan(ROOT_CONTEXT, call));
    expect([call.isRecording(), call.spanContext().traceFlags]).toEqual([true, TraceFlags.NONE]);
    expect([below.isRecording(), below.spanContext().traceFlags]).toEqual([false, TraceFlags.NONE]);
    expect(below.spanContext().traceId).toBe(call.spanContext().traceId);
  });
});
