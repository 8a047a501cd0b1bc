// The provider that the benches talk to, in a process of its own, so that its CPU time is not counted.
import { type ServerResponse, createServer } from "node:http";
import { setImmediate } from "node:timers/promises";

/** Chunks of a stream that nobody asks for usage, as in the aim. */
const CHUNKS = 1000;
/** Pause after a chunk, in milliseconds: long enough that the client has read it, so that packets are not merged. */
const PACE_MS = 0.05;

const usage = { prompt_tokens: 1200, completion_tokens: CHUNKS, total_tokens: 1200 + CHUNKS };
const message = { role: "assistant", content: "word ".repeat(100) };
const completion = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-4o-mini-2024-07-18",
  choices: [{ index: 0, message, finish_reason: "stop" }],
  usage,
});

function toEvent(choices: unknown, rest: object = {}): string {
  const chunk = { id: "chatcmpl-2", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini-2024-07-18" };
  return `data: ${JSON.stringify({ ...chunk, choices, ...rest })}\n\n`;
}
const word = toEvent([{ index: 0, delta: { content: "word " }, finish_reason: null }]);
const last = toEvent([{ index: 0, delta: {}, finish_reason: "stop" }]);
const reported = toEvent([], { usage });
const DONE = "data: [DONE]\n\n";

/** A packet a chunk, as tokens come: what is written in one turn would arrive together. */
async function send(response: ServerResponse, chunks: readonly string[]): Promise<void> {
  for (const chunk of chunks) {
    const next = performance.now() + PACE_MS;
    response.write(chunk);
    do await setImmediate();
    while (performance.now() < next);
  }
  response.end();
}

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => (body += text));
  request.on("end", () => {
    if (!body.includes('"stream":true')) {
      response.writeHead(200, { "content-type": "application/json" }).end(completion);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const isAsked = body.includes('"include_usage":true');
    const end = isAsked ? [last, reported, DONE] : [last, DONE];
    void send(response, [...Array.from({ length: CHUNKS - 2 }, () => word), ...end]);
  });
});
server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
process.on("disconnect", () => process.exit());
