import { expect, test } from "vitest";

import { startSimulator } from "../src/index.ts";

test.each([
  ["a member of baggage", { baggage: "a=1,tenant_id=x" }],
  ["an encoded name", { baggage: "tenant%5Fid=x" }],
  ["tracestate", { tracestate: "spancost=1" }],
  ["a header's own name", { "x-user_id": "1" }],
  ["a given value, encoded", { "x-anything": "M%C3%BCller%20%26%20Co" }],
  ["a marker's value of another request", { "x-customer": "for ACME-INC." }],
])("closing fails when a request had attribution in a header: %s", async (_where, headers) => {
  const simulator = await startSimulator({ attributionValues: ["Müller & Co"] });
  const body = JSON.stringify({ model: "gpt-4.1", messages: [{ role: "user", content: "[tenant=acme-inc] hi" }] });
  await (await fetch(`${simulator.url}/v1/chat/completions`, { method: "POST", body })).text();
  expect(() => simulator.assertNoAttribution()).not.toThrow();
  await (await fetch(`${simulator.url}/v1/models`, { headers })).text();
  const [name = ""] = Object.keys(headers);
  await expect(simulator.close()).rejects.toThrow(`The providers received attribution:\nGET /v1/models: ${name}: `);
});

test("closing passes over what is no attribution", async () => {
  const simulator = await startSimulator({ attributionValues: ["chat", "abc"] });
  const headers = { baggage: "a=1", "x-abc": "chatter", "x-features": "on", traceparent: "00-abc" };
  await (await fetch(`${simulator.url}/v1/chat`, { headers })).text();
  await simulator.close();
});
