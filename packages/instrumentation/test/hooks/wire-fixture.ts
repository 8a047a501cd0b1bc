import { OPENAI_CHAT } from "@spancost/llm-wire";
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import type { ProviderClaim } from "../../src/calls/provider-claim.ts";
import { type Answer, event, json, recordSpans, startProvider } from "../scripted-provider.ts";

export const PATH = "/v1/chat/completions";
export const REQUEST = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "ä€" }] });
export const BODY = { id: "c1", model: "m-1", choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } };
export const STREAM = [
  event({ id: "c1", model: "m-1", choices: [] }),
  event({ choices: [], usage: BODY.usage }),
  event("[DONE]"),
];
/** What the answer says was used. */
export const EXACT = { "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4 };
/** That, and what the request says. */
export const SEEN = { ...EXACT, "gen_ai.request.model": "m" };

/** A scripted provider whose calls are claimed during each test, which must end without a failure of ours. */
export async function claimProvider() {
  const provider = await startProvider();
  const spans = recordSpans();
  const tracer = spans.tracerProvider.getTracer("test");
  const failures: string[] = [];
  const claim: ProviderClaim = {
    hosts: [],
    baseUrls: [`${provider.origin}/v1`],
    formats: [OPENAI_CHAT],
    providerName: () => "openai",
    getTracer: () => tracer,
    reportFailure: (where) => void failures.push(where),
  };
  beforeEach(() => {
    spans.reset();
    failures.length = 0;
    provider.script(json(BODY));
    addClaim(claim);
  });
  afterEach(() => {
    removeClaim(claim);
    expect(failures).toEqual([]);
  });
  afterAll(() => provider.stop());

  /** The same twice, without the hooks and with them; what the app sees must be equal. */
  async function compare<T>(answer: Answer, run: () => Promise<T>): Promise<T> {
    removeClaim(claim);
    provider.script(answer);
    const bare = await run();
    addClaim(claim);
    expect(spans.finished()).toEqual([]);
    const observed = await run();
    expect(observed).toEqual(bare);
    return observed;
  }
  return { provider, spans, tracer, claim, compare, attributes: () => spans.finished().map((span) => span.attributes) };
}
