import { describe, expect, it } from "vitest";
import { isContentAttribute } from "../src/index.ts";

describe("content attributes", () => {
  it.each([
    "gen_ai.prompt.0.content",
    "gen_ai.input.messages",
    "gen_ai.agent.output.messages",
    "llm.invocation_parameters",
    "llm.choices.0.message.content",
    "tool.output",
    "traceloop.prompt.template",
    "traceloop.prompt.template_variables",
    "ai.settings.system",
    "lk.input_text",
    "lk.response.text",
    "message.content",
  ])("are what users and models said: %s", (key) => {
    expect(isContentAttribute(key)).toBe(true);
  });

  it.each([
    "ai.request.headers.authorization",
    "ai.request.headers.x-api-key",
    "http.request.header.authorization",
    "http.response.header.set-cookie",
    "headers.cookie",
  ])("are secrets: %s", (key) => {
    expect(isContentAttribute(key)).toBe(true);
  });

  it.each([
    "ai.request.headers.user-agent",
    "http.request.header.user_agent",
    "ai.settings.maxRetries",
    "gen_ai.usage.input_tokens",
    "gen_ai.request.model",
    "exception.message",
    "message",
    "content",
    "tool.name",
    "llm.model_name",
  ])("are not what a report needs: %s", (key) => {
    expect(isContentAttribute(key)).toBe(false);
  });

  it.each([
    "gen_ai.user.message",
    "gen_ai.choice",
    "gen_ai.client.inference.operation.details",
    "gen_ai.content.prompt",
  ])("are the messages of an event %s", (event) => {
    const keys = [
      "content",
      "message",
      "tool_calls",
      "gen_ai.output.messages",
      "gen_ai.event.content",
      "gen_ai.prompt",
    ];
    for (const key of [...keys, "gen_ai.completion"]) expect(isContentAttribute(key, event)).toBe(true);
    for (const key of ["gen_ai.system", "finish_reason", "index"]) expect(isContentAttribute(key, event)).toBe(false);
  });

  it("are not the plain names of other events", () => {
    expect(isContentAttribute("message", "exception")).toBe(false);
    expect(isContentAttribute("exception.message", "exception")).toBe(false);
    expect(isContentAttribute("content", "gen_ai.choices.counted")).toBe(false);
  });
});
