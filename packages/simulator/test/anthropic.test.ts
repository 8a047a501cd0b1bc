import { afterAll, beforeAll, expect, test } from "vitest";

import { type Simulator, startSimulator } from "../src/index.ts";
import { collect, createSdkClients, type SdkClients, toUsage } from "./sdk-clients.ts";

let simulator: Simulator;
let clients: SdkClients;

beforeAll(async () => {
  simulator = await startSimulator();
  clients = createSdkClients(simulator.url);
});

afterAll(() => simulator.close());

/** A request that marks one part of its system prompt to be cached for five minutes and one for an hour. */
const toRequest = (round: number) => ({
  model: "claude-sonnet-4-5",
  max_tokens: 1_000,
  system: [
    { type: "text" as const, text: "The handbook.", cache_control: { type: "ephemeral" as const, ttl: "1h" as const } },
    { type: "text" as const, text: "The ticket.", cache_control: { type: "ephemeral" as const } },
  ],
  messages: [{ role: "user" as const, content: `[tenant=globex] Question ${round}` }],
});

test("plain messages carry the billed usage, with both lifetimes of cache writes and reads among them", async () => {
  const seen = { read: 0, write5m: 0, write1h: 0 };
  for (let round = 0; round < 12; round += 1) {
    const message = await clients.anthropic.messages.create(toRequest(round));
    const { usage } = message;
    const billed = simulator.journal().at(-1);
    const write5m = usage.cache_creation?.ephemeral_5m_input_tokens ?? 0;
    const write1h = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
    const cacheRead = usage.cache_read_input_tokens ?? 0;
    expect(usage.cache_creation_input_tokens).toBe(write5m + write1h);
    expect(billed).toMatchObject({ model: "claude-sonnet-4-5-20250929", responseId: message.id, tenantHint: "globex" });
    expect(billed?.usage).toEqual(
      toUsage({
        input: usage.input_tokens + cacheRead + write5m + write1h,
        cacheRead,
        cacheWrite5m: write5m,
        cacheWrite1h: write1h,
        output: usage.output_tokens,
      }),
    );
    seen.read += cacheRead;
    seen.write5m += write5m;
    seen.write1h += write1h;
  }
  expect(Math.min(seen.read, seen.write5m, seen.write1h)).toBeGreaterThan(0);
});

test("a stream counts output cumulatively, and the SDK's own accumulation ends at the billed usage", async () => {
  const stream = clients.anthropic.messages.stream(toRequest(99));
  const events = await collect(stream);
  const final = await stream.finalMessage();
  const billed = simulator.journal().at(-1);
  const delta = events.find((event) => event.type === "message_delta");
  expect(events[0]?.type).toBe("message_start");
  expect(events.at(-1)?.type).toBe("message_stop");
  expect(delta?.usage.output_tokens).toBe(billed?.usage.output);
  expect(final.usage.output_tokens).toBe(billed?.usage.output);
  expect(final.usage.cache_creation?.ephemeral_1h_input_tokens).toBe(billed?.usage.cacheWrite1h);
  expect(final.usage.cache_creation?.ephemeral_5m_input_tokens).toBe(billed?.usage.cacheWrite5m);
});

test("thinking is billed as a part of the output", async () => {
  const thinking = { type: "enabled" as const, budget_tokens: 2_000 };
  const request = { model: "claude-sonnet-4-5", max_tokens: 4_000, thinking };
  const messages = Array.from({ length: 6 }, (_, round) => [{ role: "user" as const, content: `Think ${round}` }]);
  const answers = await Promise.all(
    messages.map((turns) => clients.anthropic.messages.create({ ...request, messages: turns })),
  );
  const reasoning = simulator
    .journal()
    .slice(-messages.length)
    .map((call) => call.usage.reasoning);
  const reported = answers.map((answer) => answer.usage.output_tokens_details?.thinking_tokens ?? 0);
  expect(reported.toSorted()).toEqual(reasoning.toSorted());
  expect(Math.max(...reported)).toBeGreaterThan(0);
});
