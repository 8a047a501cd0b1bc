// One hop of a request: passes it on to the service at NEXT_URL, or, at the last one, asks the model.
import { createServer } from "node:http";
import { env } from "node:process";
import { withAttribution } from "@spancost/otel";
import OpenAI from "openai";

const { NEXT_URL, PORT = "3000" } = env;
const openai = new OpenAI();

const server = createServer((request, response) => {
  answer(request).then(
    (text) => response.end(text),
    (error) => response.writeHead(500).end(String(error)),
  );
}).listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));

/** Only the first service knows the user; the others get the attribution with the request, signed. */
function answer({ headers }) {
  const user = USERS[headers.authorization];
  return user === undefined ? passOn() : withAttribution(user, passOn);
}

async function passOn() {
  if (NEXT_URL !== undefined) return (await fetch(NEXT_URL)).text();
  const messages = [{ role: "user", content: "What does OpenTelemetry do?" }];
  const { choices } = await openai.chat.completions.create({ model: "gpt-5-mini", messages });
  return choices[0].message.content;
}

const USERS = { "Bearer key-of-acme": { tenantId: "acme", userId: "u-17", feature: "chat" } };
