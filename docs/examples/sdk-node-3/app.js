import { withAttribution } from "@spancost/otel";
import OpenAI from "openai";

const openai = new OpenAI();

await withAttribution({ tenantId: "acme", userId: "u-17", feature: "chat" }, async () => {
  const completion = await openai.chat.completions.create({
    model: "gpt-5-mini",
    messages: [{ role: "user", content: "What does OpenTelemetry do?" }],
  });
  console.log(completion.choices[0].message.content);
});

await withAttribution({ tenantId: "globex", userId: "u-42", feature: "summary" }, async () => {
  const stream = await openai.chat.completions.create({
    model: "gpt-5-mini",
    messages: [{ role: "user", content: "Summarize the history of tracing." }],
    stream: true,
    stream_options: { include_usage: true }, // without it, OpenAI does not say what a stream cost
  });
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
  console.log();
});
