import { env } from "node:process";
import { recordCost, task } from "@spancost/otel";
import { attribution } from "@spancost/otel/express";
import express from "express";
import OpenAI from "openai";

const openai = new OpenAI();
const app = express();
app.use(express.json());
app.use(authenticate);
app.use(attribution(({ user }) => ({ tenantId: user.tenant, userId: user.id, feature: user.feature })));

app.post("/ask", ({ body }, response, next) => {
  void ask(body.question).then((answer) => response.json({ answer }), next);
});

app.post("/stream", ({ body }, response, next) => {
  void stream(body.question, response).catch(next);
});

app.post("/ticket", ({ body }, response, next) => {
  void task("answer ticket", () => answerTicket(body)).then((answer) => response.json({ answer }), next);
});

const server = app.listen(Number(env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

async function ask(question) {
  const { choices } = await openai.chat.completions.create(toChat(question));
  return choices[0].message.content;
}

/** Spancost asks OpenAI what the stream cost; the app sees the stream as it asked for it. */
async function stream(question, response) {
  const chunks = await openai.chat.completions.create({ ...toChat(question), stream: true });
  for await (const chunk of chunks) response.write(chunk.choices[0]?.delta.content ?? "");
  response.end();
}

/** A vector search costs something too; under the same key it counts once. */
function answerTicket({ question, ticket }) {
  recordCost({ service: "pinecone", units: 12, unitUsd: "0.000016", key: ticket, occurredAt: Date.now() });
  return ask(question);
}

function toChat(question) {
  return { model: "gpt-5-mini", messages: [{ role: "user", content: question }] };
}

/** Stands for the app's own authentication. */
function authenticate(request, response, next) {
  const user = USERS[request.headers.authorization];
  if (user === undefined) return response.status(401).end();
  request.user = user;
  return next();
}

const USERS = {
  "Bearer key-of-acme": { tenant: "acme", id: "u-17", feature: "chat" },
  "Bearer key-of-globex": { tenant: "globex", id: "u-42", feature: "support" },
};
