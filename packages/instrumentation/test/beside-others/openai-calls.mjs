import { callTwice, MODEL, PLAIN_PROMPT, readAll, STREAMED_PROMPT } from "./callers.mjs";

/** Chat through an OpenAI client. */
export async function callOpenAI(OpenAI) {
  const { completions } = new OpenAI().chat;
  const toBody = (content) => ({ model: MODEL, messages: [{ role: "user", content }] });
  await callTwice(
    () => completions.create(toBody(PLAIN_PROMPT)),
    async () => readAll(await completions.create({ ...toBody(STREAMED_PROMPT), stream: true })),
  );
}
