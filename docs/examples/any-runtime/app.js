import { env } from "node:process";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { withAttribution } from "@spancost/otel";
import Groq from "groq-sdk";
import OpenAI from "openai";
import { startTelemetry } from "./telemetry.js";

const { QUESTION = "What does OpenTelemetry do?" } = env;
const messages = [{ role: "user", content: QUESTION }];

// No top-level await: a CommonJS bundle has none.
main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

async function main() {
  const telemetry = startTelemetry();
  // After the instrumentations: OpenAI's and Groq's clients keep the `fetch` that they find.
  const clients = {
    openai: new OpenAI(),
    anthropic: new Anthropic(),
    google: new GoogleGenAI({}),
    groq: new Groq(),
  };
  try {
    await withAttribution({ tenantId: "acme", userId: "u-17", feature: "chat" }, () => askPlainly(clients));
    await withAttribution({ tenantId: "globex", userId: "u-42", feature: "live" }, () => askForStreams(clients));
  } finally {
    await telemetry.shutdown(); // sends what is left
  }
}

async function askPlainly({ openai, anthropic, google, groq }) {
  await openai.chat.completions.create({ model: "gpt-5-mini", messages });
  await openai.responses.create({ model: "o4-mini", input: QUESTION });
  await openai.embeddings.create({ model: "text-embedding-3-small", input: QUESTION });
  await anthropic.messages.create({ model: "claude-haiku-4-5", max_tokens: 1024, messages });
  await google.models.generateContent({ model: "gemini-2.5-flash", contents: QUESTION });
  await groq.chat.completions.create({ model: "llama-3.3-70b-versatile", messages });
}

async function askForStreams({ openai, anthropic, google, groq }) {
  const chat = { model: "gpt-5-mini", messages, stream: true };
  await print(await openai.chat.completions.create({ ...chat, stream_options: { include_usage: true } }));
  await print(await openai.chat.completions.create(chat)); // usage is asked for on its behalf
  await print(await openai.responses.create({ model: "gpt-5-mini", input: QUESTION, stream: true }));
  await print(anthropic.messages.stream({ model: "claude-haiku-4-5", max_tokens: 1024, messages }));
  await print(await google.models.generateContentStream({ model: "gemini-2.5-flash", contents: QUESTION }));
  await print(await groq.chat.completions.create({ model: "openai/gpt-oss-120b", messages, stream: true }));
}

/** Reads a stream to its end; each provider's chunks look different. */
async function print(stream) {
  for await (const chunk of stream) {
    const text = chunk.choices?.[0]?.delta?.content ?? chunk.delta?.text ?? chunk.delta ?? chunk.text ?? "";
    if (typeof text === "string") process.stdout.write(text);
  }
  console.log();
}
