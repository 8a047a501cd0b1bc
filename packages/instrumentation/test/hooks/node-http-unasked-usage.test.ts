import { once } from "node:events";
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import axios from "axios";
import got from "got";
import OpenAI from "openai-4";
import { OPENAI_CHAT } from "@spancost/llm-wire";
import { afterAll, beforeEach, expect, it } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import { ProviderInstrumentation, type ProviderInstrumentationConfig } from "../../src/provider-instrumentation.ts";
import { event } from "../scripted-provider.ts";
import { EXACT, PATH, SEEN, claimProvider } from "./wire-fixture.ts";

const { spans, claim, attributes } = await claimProvider();
const received: { headers: IncomingHttpHeaders; body: string }[] = [];
/** Reports usage to those who ask for it, and then says in every chunk that it has none yet, as OpenAI does. */
const server = http.createServer((request, response) => {
  void text(request).then((body) => answer(request, response, body));
});

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  received.push({ headers: request.headers, body });
  const isAsked = body.includes('"include_usage":true');
  if (request.url?.startsWith("/strict") === true && isAsked) {
    response.writeHead(400).end("{}");
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const chunk = { id: "c1", model: "m-1", choices: [{ index: 0, delta: { content: "é" }, finish_reason: null }] };
  const usage = { prompt_tokens: 3, completion_tokens: 4 };
  const chunks = isAsked
    ? [
        { ...chunk, usage: null },
        { ...chunk, choices: [], usage },
      ]
    : [chunk];
  const stream = [...chunks.map((each) => event(each)), event("[DONE]")].join("");
  const [first, second] = [stream.slice(0, 90), stream.slice(90)];
  response.write(first);
  setTimeout(() => response.end(second), 5);
}
await once(server.listen(0, "127.0.0.1"), "listening");
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

/** Requests to it may name other hosts, which have neither taken nor refused anything yet. */
const baseUrls = [`${origin}/v1`, "http://strict.test/strict", "http://filtering.test"];
const asking = { ...claim, baseUrls, asksForUsage: () => true };
beforeEach(() => {
  received.length = 0;
  return () => removeClaim(asking);
});

const CHAT = { model: "m", stream: true as const, messages: [{ role: "user" as const, content: "Hé" }] };
const BODY = JSON.stringify(CHAT);

async function send(
  path: string,
  write: (request: http.ClientRequest) => unknown,
  headers: http.OutgoingHttpHeaders = {},
  base = origin,
) {
  const request = http.request(base + path, { method: "POST", headers });
  write(request);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return [response.statusCode, await text(response)];
}

const length = { "content-length": Buffer.byteLength(BODY) };

it.each<[string, () => Promise<unknown>]>([
  ["end", () => send(PATH, (request) => request.end(BODY))],
  ["end with bytes and a length", () => send(PATH, (request) => request.end(Buffer.from(BODY)), length)],
  ["write with a length, then end", () => send(PATH, (request) => [request.write(BODY), request.end()], length)],
  ["axios", async () => text((await axios.post(origin + PATH, CHAT, { responseType: "stream" })).data)],
  ["got", () => text(got.stream.post(origin + PATH, { json: CHAT }))],
  [
    "openai 4",
    async () => {
      const chunks: unknown[] = [];
      const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: "none" });
      for await (const chunk of await client.chat.completions.create(CHAT)) chunks.push(chunk);
      return chunks;
    },
  ],
])("a stream that is sent with %s has exact usage, which its caller does not notice", async (_name, run) => {
  const bare = await run();
  addClaim(asking);
  expect(await run()).toEqual(bare);
  await spans.waitFor(1);
  expect(attributes()).toMatchObject([SEEN]);
  const [, asked] = received;
  expect(JSON.parse(asked?.body ?? "")).toEqual({ ...CHAT, stream_options: { include_usage: true } });
  expect(asked?.headers["accept-encoding"] ?? "identity").toBe("identity");
});

it.each<[string, () => Promise<unknown>]>([
  ["in pieces", () => send(PATH, (request) => [request.write(BODY.slice(0, 9)), request.end(BODY.slice(9))])],
  [
    "after its headers",
    () =>
      send(PATH, (request) => {
        request.flushHeaders();
        request.end(BODY);
      }),
  ],
])("a stream that is sent %s is sent as it is", async (_name, run) => {
  addClaim(asking);
  await run();
  await spans.waitFor(1);
  expect(received[0]?.body).toBe(BODY);
  expect(attributes()[0]).not.toMatchObject(EXACT);
});

it("is not asked again of a host that refused", async () => {
  addClaim(asking);
  const path = "/strict/chat/completions";
  const host = { host: "strict.test" };
  expect((await send(path, (request) => request.end(BODY), host))[0]).toBe(400);
  expect((await send(path, (request) => request.end(BODY), host))[0]).toBe(200);
});

it("goes on being asked of a host that took the wish before, when it refuses a request for other reasons", async () => {
  addClaim(asking);
  const host = { host: "filtering.test" };
  for (const [path, status] of [
    [PATH, 200],
    ["/strict/chat/completions", 400],
    [PATH, 200],
  ] as const) {
    expect((await send(path, (request) => request.end(BODY), host))[0]).toBe(status);
  }
  expect(received.map(({ body }) => body.includes("include_usage"))).toEqual([true, true, true]);
});

class Asking extends ProviderInstrumentation {
  constructor(hosts: readonly string[], config: ProviderInstrumentationConfig) {
    const known = { hosts, formats: [OPENAI_CHAT], providerName: () => "openai", asksForUsage: () => true };
    super({ packageName: "asking", packageVersion: "1", ...known }, config);
  }
}
/** Under a name that has refused nothing yet. */
const fresh = origin.replace("127.0.0.1", "localhost");
const { host } = new URL(fresh);

it.each<[string, boolean, readonly string[], ProviderInstrumentationConfig]>([
  ["a host that the provider's table knows", true, [host], {}],
  ["a plain base URL", false, [], { baseUrls: [`${fresh}/v1`] }],
  ["a host of the configuration", false, [], { hosts: [host] }],
  ["a plain base URL, always", true, [], { baseUrls: [`${fresh}/v1`], includeUsage: "always" }],
  ["a host that the table knows, never", false, [host], { includeUsage: false }],
])("asks over a client whose request cannot be repeated: %s: %s", async (_name, isAsked, hosts, config) => {
  const instrumentation = new Asking(hosts, config);
  instrumentation.setTracerProvider(spans.tracerProvider);
  await send(PATH, (request) => request.end(BODY), {}, fresh);
  const overHttp = received.map(({ body }) => body.includes("include_usage"));
  await (await fetch(`${fresh}${PATH}`, { method: "POST", body: BODY })).text();
  instrumentation.disable();
  expect([overHttp, received.at(-1)?.body.includes("include_usage")]).toEqual([
    [isAsked],
    config.includeUsage !== false,
  ]);
});
