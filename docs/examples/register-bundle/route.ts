import { withAttribution } from "@spancost/otel";
import OpenAI from "openai";

/** A route handler, as in `app/api/ask/route.ts`. */
export function POST(request: Request): Promise<Response> {
  // What your authentication found.
  const tenantId = request.headers.get("authorization") === "Bearer key-of-acme" ? "acme" : "globex";
  return withAttribution({ tenantId, userId: "u-17", feature: "chat" }, async () => {
    const messages = [{ role: "user" as const, content: "What does OpenTelemetry do?" }];
    const stream = await new OpenAI().chat.completions.create({ model: "gpt-5-mini", messages, stream: true });
    let answer = "";
    for await (const chunk of stream) answer += chunk.choices[0]?.delta.content ?? "";
    return Response.json({ answer });
  });
}
