import { afterAll, expect, test } from "vitest";

import { startSimulator } from "../src/index.ts";

const simulator = await startSimulator();

afterAll(() => simulator.close());

const BODIES: readonly (readonly [path: string, body: object])[] = [
  ["/openai-api/v1/chat/completions", { model: "gpt-5-mini", messages: [] }],
  ["/openai-api/v1/responses", { model: "gpt-5-mini" }],
  ["/anthropic-api/v1/messages", { model: "claude-sonnet-4-5", messages: [] }],
  ["/google-api/v1beta/models/gemini-2.5-flash:streamGenerateContent", {}],
  ["/groq-api/openai/v1/chat/completions", { model: "openai/gpt-oss-120b" }],
  ["/bedrock-api/model/amazon.nova-lite-v1%3A0/converse-stream", {}],
  ["/bedrock-api/model/amazon.nova-lite-v1%3A0/invoke-with-response-stream", {}],
];

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(simulator.url + path, { method: "POST", body: JSON.stringify(body), headers });
}

async function read(answer: Response): Promise<unknown> {
  const headers = [...answer.headers].filter(([name]) => name !== "date");
  return { headers, body: Buffer.from(await answer.arrayBuffer()).toString("base64") };
}

test.each(BODIES)(
  "%s answers the same request with [id=...] the same, byte by byte, and another one otherwise",
  async (path, body) => {
    const marked = (id: string) => ({ ...body, stream: true, prompt: `[id=${id}] Hello` });
    const [first, second, other] = [
      await read(await post(path, marked("a"))),
      await read(await post(path, marked("a"))),
      await read(await post(path, marked("b"))),
    ];
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
  },
);

test("asking for usage changes nothing else of an answer with [id=...]", async () => {
  const [path, body] = BODIES[0] ?? ["", {}];
  const request = { ...body, stream: true, prompt: "[id=c] Hello" };
  const without = await (await post(path, request)).text();
  const withUsage = await (await post(path, { ...request, stream_options: { include_usage: true } })).text();
  const frames = withUsage.replaceAll(',"usage":null', "").split("\n\n");
  expect(frames.filter((frame) => !frame.includes('"choices":[]')).join("\n\n")).toBe(without);
});

test("an answer is compressed if the marker asks for it and the request accepts it", async () => {
  for (const [path, body] of BODIES) {
    for (const stream of [true, false]) {
      const request = { ...body, stream, prompt: "[id=d] [gzip=1]" };
      const plain = await post(path, request, { "accept-encoding": "identity" });
      const compressed = await post(path, request, { "accept-encoding": "gzip, deflate" });
      expect([plain, compressed].map((answer) => answer.headers.get("content-encoding"))).toEqual([null, "gzip"]);
      expect(await compressed.text()).toBe(await plain.text());
    }
  }
});
