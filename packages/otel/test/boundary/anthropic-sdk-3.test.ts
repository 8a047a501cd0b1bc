import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  Anthropic,
  AsyncLocalStorageContextManager,
  CompositePropagator,
  context,
  propagation,
  trace,
  TracerProvider,
  UndiciInstrumentation,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "otel-line-3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AttributionPropagator, withAttribution } from "../../src/index.ts";
import { KEY } from "./keys.ts";

const MESSAGE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-haiku-4-5",
  content: [{ type: "text", text: "Hi" }],
  stop_reason: "end_turn",
  usage: { input_tokens: 10, output_tokens: 2 },
};
const ATTRIBUTION_BYTES = /acme|u-17|tenant_id|user_id|feature|spancost/i;

// SDK 1.11 writes the headers of the global propagator onto its requests by itself.
describe("the Anthropic SDK 1.11 and a host that is not allowed", () => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(MESSAGE));
  });
  let isSampled = true;

  beforeAll(async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const sampler = { shouldSample: () => ({ decision: isSampled ? 2 : 0 }) };
    trace.setGlobalTracerProvider(new TracerProvider({ sampler }));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => void server.close());

  /** The headers of one call, made inside an attribution that is mirrored into baggage on top. */
  async function call(propagator: AttributionPropagator | W3CBaggagePropagator): Promise<string> {
    propagation.disable();
    const propagators = [propagator, new W3CTraceContextPropagator()];
    propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
    requests.length = 0;
    const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new Anthropic({ apiKey: "key", baseURL, maxRetries: 0 });
    const ask = () =>
      client.messages.create({ model: "claude-haiku-4-5", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] });
    await withAttribution({ tenantId: "acme", userId: "u-17", feature: "chat" }, ask, { baggage: true });
    expect(requests).toHaveLength(1);
    return requests.map(({ rawHeaders }) => rawHeaders.join("\n")).join("\n");
  }
  const create = () => new AttributionPropagator({ loopback: false, hosts: ["allowed.test"], signingKeys: [KEY] });

  it("leaks with the stock propagator: what we guard against is there", async () => {
    expect(await call(new W3CBaggagePropagator())).toMatch(/baggage\ntenant_id=acme,user_id=u-17,feature=chat/);
  });

  it.each([
    [true, false],
    [false, false],
    [true, true],
    [false, true],
  ])("sends no byte of attribution: sampled %s, undici instrumented %s", async (sampled, instrumented) => {
    isSampled = sampled;
    const instrumentation = instrumented ? new UndiciInstrumentation() : undefined;
    const headers = await call(create());
    instrumentation?.disable();
    expect(headers).not.toMatch(ATTRIBUTION_BYTES);
    expect(headers).toMatch(sampled ? /traceparent\n00-[0-9a-f-]+-01/ : /traceparent\n00-[0-9a-f-]+-00/);
  });
});
