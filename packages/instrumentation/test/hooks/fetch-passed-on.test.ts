import { OPENAI_CHAT } from "@spancost/llm-wire";
import { afterEach, expect, it } from "vitest";
import type { ProviderClaim } from "../../src/calls/provider-claim.ts";
import { addClaim, removeClaim } from "../../src/claims.ts";
import { event, recordSpans } from "../scripted-provider.ts";

/** What reaches the `fetch` below the hook, and what comes back from it, to the identity of the objects. */
const URL_OF_CALL = "https://api.passed-on.test/v1/chat/completions";
const CALL = { method: "POST", body: JSON.stringify({ model: "m", stream: true }) };
const HEADERS = { "content-type": "text/event-stream" };

const spans = recordSpans();
const claim: ProviderClaim = {
  hosts: ["api.passed-on.test"],
  baseUrls: [],
  formats: [OPENAI_CHAT],
  providerName: () => "openai",
  asksForUsage: () => true,
  getTracer: () => spans.tracerProvider.getTracer("test"),
  reportFailure: (where, error) => {
    if (!isOdd) expect.fail(`${where}: ${String(error)}`);
  },
};
/** Whether the test's answers are none that can be observed. */
let isOdd = false;
const platformFetch = globalThis.fetch;

function answerWith(below: typeof fetch): void {
  globalThis.fetch = below;
  addClaim(claim);
}
afterEach(() => {
  removeClaim(claim);
  globalThis.fetch = platformFetch;
  spans.reset();
  isOdd = false;
});

function stream(pieces: readonly string[], cancel: (reason: unknown) => void = () => {}): Response {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  const body = new ReadableStream({
    pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(piece);
    },
    cancel,
  });
  return new Response(body, { headers: HEADERS });
}

it("the cancelling of a reader reaches the connection, with its reason and its outcome", async () => {
  const reasons: unknown[] = [];
  const failure = new Error("of the source");
  answerWith(() =>
    Promise.resolve(
      stream([event({ id: "c1", model: "m" })], (reason) => {
        reasons.push(reason);
        throw failure;
      }),
    ),
  );
  const reader = (await fetch(URL_OF_CALL, CALL)).body?.getReader();
  await reader?.read();
  const reason = new Error("of the app");
  await expect(reader?.cancel(reason)).rejects.toBe(failure);
  expect(reasons).toEqual([reason]);
  expect(reasons[0]).toBe(reason);
  expect(spans.finished()).toHaveLength(1);
});

it("an error that is thrown at once is thrown at once, and is the same", () => {
  const error = new TypeError("not like this");
  answerWith(() => {
    throw error;
  });
  let thrown: unknown;
  try {
    void fetch(URL_OF_CALL, CALL);
  } catch (caught) {
    thrown = caught;
  }
  expect(thrown).toBe(error);
  expect(spans.finished().map((span) => span.attributes["error.type"])).toEqual(["TypeError"]);
});

it("two reads at once give the pieces in their order, also where a piece is taken out before the first", async () => {
  const usage = event({ id: "c1", choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } });
  const [first, second] = [event({ id: "c1", model: "m", choices: [] }), event("[DONE]")];
  answerWith(() => Promise.resolve(stream([usage, first, second])));
  const reader = (await fetch(URL_OF_CALL, CALL)).body?.getReader();
  const results = await Promise.all([reader?.read(), reader?.read()]);
  expect(results.map((result) => new TextDecoder().decode(result?.value))).toEqual([first, second]);
});

it.each(["the clone", "the response"] as const)("a call whose %s is left is known by the other one", async (left) => {
  const usage = event({ id: "c1", model: "m", choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } });
  answerWith(() => Promise.resolve(new Response(usage + event("[DONE]"), { headers: HEADERS })));
  const response = await fetch(URL_OF_CALL, CALL);
  const clone = response.clone();
  const [given, read] = left === "the clone" ? [clone, response] : [response, clone];
  void given.body?.cancel();
  await read.text();
  expect(spans.finished().map((span) => span.attributes["gen_ai.usage.output_tokens"])).toEqual([4]);
});

it.each([
  ["a response without a promise", () => Response.json({})],
  ["nothing", () => Promise.resolve(undefined)],
  ["an object that is like a response", () => Promise.resolve({ status: 200, json: () => ({}) })],
  ["a response that nothing can be put on", () => Promise.resolve(Object.freeze(Response.json({})))],
])("a stand-in that gives %s gives it with the hook too, and is one call", async (_name, give) => {
  isOdd = true;
  const given = give();
  answerWith((() => given) as typeof fetch);
  expect(await fetch(URL_OF_CALL, CALL)).toBe(await given);
  expect(spans.finished()).toHaveLength(1);
});

it("an app can end while a response of its is neither read nor let go", async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  answerWith(() => Promise.resolve(stream([event({ id: "c1", model: "m" })])));
  const before = timers();
  const unread = await fetch(URL_OF_CALL, CALL);
  const reader = (await fetch(URL_OF_CALL, CALL)).body?.getReader();
  reader?.releaseLock();
  expect([timers(), unread.bodyUsed]).toEqual([before, false]);
});
