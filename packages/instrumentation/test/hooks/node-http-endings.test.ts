import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { type Answer, json, sse } from "../scripted-provider.ts";
import { type Drive, observeAsApp, onResponse, post } from "./node-http-exchange.ts";
import { EXACT, REQUEST, STREAM, claimProvider } from "./wire-fixture.ts";

const { provider, spans, compare } = await claimProvider();

describe("a call over node:http", () => {
  it.each<[string, Answer, Drive, object]>([
    ["refused", json({ error: {} }, 429), onResponse((response) => response.resume()), { "error.type": "429" }],
    [
      "cut before its answer",
      (response) => response.destroy(),
      (request) => void request.end(REQUEST),
      { "error.type": "ECONNRESET" },
    ],
    [
      "cut in its answer",
      async (response, request) => {
        response.on("error", () => {});
        void sse(STREAM.slice(0, 1), { end: false })(response, request);
        setTimeout(() => response.destroy(), 10);
      },
      onResponse((response) => response.resume()),
      { "error.type": "ECONNRESET", "gen_ai.response.model": "m-1" },
    ],
    [
      "aborted before its answer",
      () => {},
      (request) => {
        request.end(REQUEST);
        setTimeout(() => request.destroy(), 10);
      },
      { "error.type": "AbortError" },
    ],
    ["aborted at once", () => {}, (request) => void request.end(REQUEST).destroy(), { "error.type": "AbortError" }],
    [
      "aborted the old way",
      () => {},
      (request) => {
        request.end(REQUEST);
        setTimeout(() => request.abort(), 10);
      },
      { "error.type": "AbortError" },
    ],
    [
      "given up with a reason",
      () => {},
      (request) => {
        request.end(REQUEST);
        setTimeout(() => request.destroy(new RangeError("enough")), 10);
      },
      { "error.type": "AbortError" },
    ],
    [
      "timed out",
      () => {},
      (request) => {
        request.setTimeout(10, () => request.destroy(new DOMException("slow", "TimeoutError"))).end(REQUEST);
      },
      { "error.type": "TimeoutError" },
    ],
    [
      "left in its answer",
      sse(STREAM.slice(0, 1), { end: false }),
      onResponse((response, log) =>
        response.once("data", (chunk) => {
          log.push(String(chunk));
          response.destroy();
        }),
      ),
      { "gen_ai.response.model": "m-1" },
    ],
    [
      "aborted in its answer",
      sse(STREAM.slice(0, 1), { end: false }),
      (request, log) =>
        onResponse((response) =>
          response.once("data", () => {
            request.destroy();
          }),
        )(request, log),
      { "gen_ai.response.model": "m-1" },
    ],
    [
      "never read while it is sent",
      sse(STREAM.slice(0, 2), { end: false }),
      (request, log) => onResponse(() => setTimeout(() => request.destroy(), 20))(request, log),
      EXACT,
    ],
    [
      "malformed",
      (response) => response.socket?.end("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"),
      (request) => void request.end(REQUEST),
      { "error.type": "terminated" },
    ],
  ])("ends a call %s exactly once, and the app sees the same", async (_name, answer, drive, attributes) => {
    await compare(answer, () => observeAsApp(provider.origin, drive));
    const all = await spans.waitFor(1);
    expect(all).toHaveLength(1);
    expect(all[0]?.attributes).toMatchObject({ "gen_ai.request.model": "m", ...attributes });
    if (!("error.type" in attributes)) expect(all[0]?.attributes).not.toHaveProperty("error.type");
  });

  it("passes a signal's abort on as it is", async () => {
    provider.script(() => {});
    const controller = new AbortController();
    const request = post(provider.origin, { signal: controller.signal }).end(REQUEST);
    setTimeout(() => controller.abort(), 10);
    await expect(once(request, "response")).rejects.toMatchObject({ name: "AbortError" });
    expect((await spans.waitFor(1))[0]?.attributes["error.type"]).toBe("AbortError");
  });

  it("leaves an error that nobody listens for the process's", async () => {
    provider.script((response) => response.destroy());
    const uncaught = once(process, "uncaughtException");
    const listeners = process.listeners("uncaughtException").filter((listener) => !listener.name.startsWith("once"));
    for (const listener of listeners.slice(0, -1)) process.off("uncaughtException", listener);
    post(provider.origin).end(REQUEST);
    expect(await uncaught).toMatchObject([{ code: "ECONNRESET" }, "uncaughtException"]);
    for (const listener of listeners.slice(0, -1)) process.on("uncaughtException", listener);
    expect(spans.finished()).toHaveLength(1);
  });
});
