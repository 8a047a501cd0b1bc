import { setTimeout as sleep } from "node:timers/promises";
import { OPENAI_CHAT } from "@spancost/llm-wire";
import { beforeEach, describe, expect, it } from "vitest";
import { type ObservedBody, ObservedCall } from "../../src/calls/observed-call.ts";
import { OpenBodies } from "../../src/hooks/fetch/open-bodies.ts";
import { event, recordSpans } from "../scripted-provider.ts";

const spans = recordSpans();
const tracer = spans.tracerProvider.getTracer("test");
const STREAM = { get: () => "text/event-stream" };
const PIECE = Buffer.from(event({ id: "c1", model: "m-1", choices: [] }));
const NEVER_MS = 1e6;

beforeEach(() => spans.reset());

function openBody(bodies: OpenBodies): ObservedBody {
  const claim = {
    hosts: [],
    baseUrls: [],
    formats: [OPENAI_CHAT],
    providerName: () => "openai",
    getTracer: () => tracer,
    reportFailure: (_where: string, error: unknown) => expect.unreachable(String(error)),
  };
  const call = new ObservedCall(tracer.startSpan("chat"), claim, OPENAI_CHAT);
  const body = call.openBody(STREAM, (closed) => bodies.delete(closed));
  bodies.add(body);
  return body;
}

const isEnded = () => spans.finished().length;

describe("a body that is open", () => {
  it("is given up when nothing was read of it between two looks", async () => {
    const body = openBody(new OpenBodies({ releasedStreamMs: NEVER_MS, unreadBodyMs: 5 }));
    body.readBytes(PIECE);
    expect(isEnded()).toBe(0);
    const [span] = await spans.waitFor(1);
    expect(span?.attributes).toEqual({ "gen_ai.response.model": "m-1", "gen_ai.response.id": "c1" });
  });

  it("is kept while it is read, however slowly, and while the app waits for its next piece", async () => {
    const bodies = new OpenBodies({ releasedStreamMs: NEVER_MS, unreadBodyMs: 20 });
    const [read, awaited] = [openBody(bodies), openBody(bodies)];
    awaited.isAwaited = true;
    for (let round = 0; round < 20; round += 1) {
      read.readBytes(PIECE);
      await sleep(5);
    }
    expect(isEnded()).toBe(0);
    awaited.isAwaited = false;
    await spans.waitFor(2);
  });

  it("is given up soon after its stream was released, unless that is taken again", async () => {
    const bodies = new OpenBodies({ releasedStreamMs: 5, unreadBodyMs: NEVER_MS });
    const [kept, left] = [openBody(bodies), openBody(bodies)];
    const keep = bodies.abandonSoon(kept);
    bodies.abandonSoon(left);
    keep();
    await spans.waitFor(1);
    await sleep(20);
    expect([kept.closed, left.closed]).toEqual([false, true]);
  });
});
