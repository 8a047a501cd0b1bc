// An app that makes one attributed call and then ends in the way that its argument names.
import { trace } from "@opentelemetry/api";
import { withAttribution } from "@spancost/otel";
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "test" });
await withAttribution({ tenantId: "acme", userId: "u-1", feature: "chat" }, () =>
  trace.getTracer("app").startActiveSpan("work", async (span) => {
    const stream = await client.chat.completions.create({
      model: "gpt-5-mini",
      messages: [{ role: "user", content: "Hello" }],
      stream: true,
    });
    for await (const _chunk of stream);
    span.end();
  }),
);
const [, , ending] = process.argv;
if (ending === "exit") process.exit(0);
if (ending === "throw") throw new Error("the app's own");
if (ending === "signal") {
  console.log("ready");
  setInterval(() => {}, 1_000);
}
if (ending === "own-handler") {
  process.once("SIGTERM", () => process.exit(7));
  console.log("ready");
  setInterval(() => {}, 1_000);
}
