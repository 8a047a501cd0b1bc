import { OPENAI_CHAT } from "@spancost/llm-wire";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import type { ProviderClaim } from "../../src/calls/provider-claim.ts";
import { type Answer, event, json, recordSpans, sse, startProvider } from "../scripted-provider.ts";

const spans = recordSpans();
const tracer = spans.tracerProvider.getTracer("test");
/** Each test has a provider of its own: a host that refuses is remembered. */
let provider = await startProvider();
let claim: ProviderClaim;
let url = "";
let asksForUsage: ((url: URL) => boolean) | undefined;

const BODY = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Grüße" }] });
const CALL = { method: "POST", body: BODY };
const WORD = event({ id: "c1", model: "m-1", choices: [{ index: 0, delta: { content: "Hi" } }] });
const USAGE = event({ id: "c1", choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } });
const END = event("[DONE]");
const REFUSAL = { error: { message: "unknown field stream_options" } };

interface Received {
  readonly body: string;
  readonly length: string | undefined;
}
const received: Received[] = [];

/** Answers those who ask for usage, and those who do not, and keeps what they sent. */
function script(asked: Answer, unasked: Answer = sse([WORD, END])): void {
  provider.script((response, request, body = "") => {
    received.push({ body, length: request.headers["content-length"] });
    return (body.includes("include_usage") ? asked : unasked)(response, request, body);
  });
}

beforeEach(async () => {
  spans.reset();
  received.length = 0;
  asksForUsage = () => true;
  provider = await startProvider();
  url = `${provider.origin}/v1/chat/completions`;
  claim = {
    hosts: [],
    baseUrls: [`${provider.origin}/v1`],
    formats: [OPENAI_CHAT],
    providerName: () => "openai",
    getTracer: () => tracer,
    reportFailure: (where, error) => expect.fail(`${where}: ${String(error)}`),
    asksForUsage: (asked) => asksForUsage?.(asked) === true,
  };
  addClaim(claim);
});
afterEach(async () => {
  removeClaim(claim);
  await provider.stop();
});
afterAll(() => provider.stop());

function outputTokens() {
  return spans.finished().map((span) => span.attributes["gen_ai.usage.output_tokens"]);
}

describe("usage that the app did not ask for", () => {
  it("is asked for, read and hidden", async () => {
    script(sse([WORD, USAGE, END]));
    expect(await (await fetch(url, CALL)).text()).toBe(WORD + END);
    expect(received).toHaveLength(1);
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      ...JSON.parse(BODY),
      stream_options: { include_usage: true },
    });
    expect(outputTokens()).toEqual([4]);
  });

  it.each([
    ["a buffer", new TextEncoder().encode(BODY)],
    ["an ArrayBuffer", new TextEncoder().encode(BODY).buffer],
    ["a text", BODY],
  ])("is asked for with a body that is %s, whose stated length is corrected", async (_name, body) => {
    script(sse([WORD, USAGE, END]));
    const headers = { "Content-Length": String(new TextEncoder().encode(BODY).length) };
    const init = Object.freeze({ ...CALL, body, headers: Object.freeze(headers) });
    expect(await (await fetch(url, init)).text()).toBe(WORD + END);
    expect(received[0]?.length).toBe(String(new TextEncoder().encode(received[0]?.body).length));
    expect(received[0]?.body).toContain("include_usage");
    expect(outputTokens()).toEqual([4]);
  });

  it.each([
    ["a stream", { ...CALL, body: new Blob([BODY]).stream(), duplex: "half" as const }],
    ["an answer in one piece", { ...CALL, body: JSON.stringify({ model: "m" }) }],
    ["a wish of the app's own", { ...CALL, body: BODY.replace("{", '{"stream_options":{"include_usage":true},') }],
  ])("is not asked for with %s", async (_name, init) => {
    script(sse([WORD, USAGE, END]));
    await (await fetch(url, init)).text();
    expect(received.map(({ body }) => body.match(/include_usage/g)?.length ?? 0)).toEqual([
      _name.startsWith("a wish") ? 1 : 0,
    ]);
  });

  it("is not asked for where the claim does not say so", async () => {
    script(sse([WORD, USAGE, END]));
    asksForUsage = undefined;
    expect(await (await fetch(url, CALL)).text()).toBe(WORD + END);
    expect(received.map(({ body }) => body)).toEqual([BODY]);
  });

  it.each([400, 422])(
    "is not asked for again after %s, and the app sees the answer to its own request",
    async (status) => {
      script(json(REFUSAL, status));
      const texts = [await (await fetch(url, CALL)).text(), await (await fetch(url, CALL)).text()];
      expect(texts).toEqual([WORD + END, WORD + END]);
      expect(received.map(({ body }) => body === BODY)).toEqual([false, true, true]);
      expect(spans.finished().map((span) => [span.status.code, span.attributes["spancost.attempt"]])).toEqual([
        [0, 0],
        [0, 0],
      ]);
    },
  );

  it("goes on being asked for when the app's own request is refused as well", async () => {
    script(json(REFUSAL, 400), json({ error: { message: "too long" } }, 400));
    const response = await fetch(url, CALL);
    expect(await response.json()).toEqual({ error: { message: "too long" } });
    script(sse([WORD, USAGE, END]));
    expect(await (await fetch(url, CALL)).text()).toBe(WORD + END);
    expect(received.map(({ body }) => body === BODY)).toEqual([false, true, false]);
    expect(outputTokens()).toEqual([undefined, 4]);
  });

  it.each([429, 500])("goes on being asked for when the app's own request fails with %s", async (status) => {
    script(json(REFUSAL, 400), json({}, status));
    await (await fetch(url, CALL)).text();
    script(sse([WORD, USAGE, END]));
    await (await fetch(url, CALL)).text();
    expect(received.map(({ body }) => body === BODY)).toEqual([false, true, false]);
  });

  it("goes on being asked for where the wish was taken before", async () => {
    script(sse([WORD, USAGE, END]));
    await (await fetch(url, CALL)).text();
    // A content filter, say, that refuses now and then.
    script(json(REFUSAL, 400));
    await (await fetch(url, CALL)).text();
    script(sse([WORD, USAGE, END]));
    await (await fetch(url, CALL)).text();
    expect(received.map(({ body }) => body === BODY)).toEqual([false, false, true, false]);
  });

  it("is not asked for again by an app that has given up", async () => {
    const controller = new AbortController();
    const reason = new Error("gave up");
    script(json(REFUSAL, 400), (response) => {
      controller.abort(reason);
      response.end();
    });
    await expect(fetch(url, { ...CALL, signal: controller.signal })).rejects.toBe(reason);
    expect(received).toHaveLength(2);
    expect(spans.finished().map((span) => span.attributes["error.type"])).toEqual(["AbortError"]);
  });
});
