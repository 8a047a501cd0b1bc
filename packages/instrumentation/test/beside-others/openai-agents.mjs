import { tracerProvider } from "./telemetry.mjs";
import { OpenAIAgentsInstrumentation } from "@arizeai/openinference-instrumentation-openai-agents";
import { callTwice, MODEL, PLAIN_PROMPT, readAll, STREAMED_PROMPT } from "./callers.mjs";

const agents = await import("@openai/agents");

const instrumentation = new OpenAIAgentsInstrumentation({ tracerProvider });
instrumentation.manuallyInstrument(agents);
const agent = new agents.Agent({ name: "Assistant", instructions: "You are helpful.", model: MODEL });
await callTwice(
  () => agents.run(agent, PLAIN_PROMPT),
  async () => readAll(await agents.run(agent, STREAMED_PROMPT, { stream: true })),
);
