import { BedrockRuntimeClient, ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import { UNKNOWN_OUTCOME, type WireFormat } from "@spancost/llm-wire";
import { afterAll, expect, it } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import { h2Json, startH2Provider } from "../scripted-h2-provider.ts";
import { claimProvider } from "./wire-fixture.ts";

const { claim, attributes } = await claimProvider();
const bedrock = await startH2Provider();
afterAll(() => bedrock.stop());

/** As much of Bedrock's Converse as shows that the bytes arrive. */
const CONVERSE: WireFormat = {
  name: "converse",
  matchRequest: (method, pathname) => method === "POST" && pathname.endsWith("/converse"),
  readRequest: (pathname, body) => ({
    operation: "chat",
    requestModel: body?.includes("Hello.") === true ? (pathname.split("/")[2] ?? null) : null,
    streamed: false,
  }),
  responseFields: ["stopReason"],
  readResponse: (body) => ({ ...UNKNOWN_OUTCOME, finishReasons: [String(Reflect.get(body as object, "stopReason"))] }),
  createStreamReader: () => ({ readEvent: () => {}, finished: false, outcome: () => UNKNOWN_OUTCOME }),
};
const ANSWER = {
  output: { message: { role: "assistant", content: [{ text: "Oslo." }] } },
  stopReason: "end_turn",
  usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
};

it("sees each attempt of the AWS SDK over HTTP/2, and the app its answer", async () => {
  const bedrockClaim = { ...claim, baseUrls: [bedrock.origin], formats: [CONVERSE] };
  addClaim(bedrockClaim);
  bedrock.script(h2Json({ message: "slow down" }, 429), h2Json(ANSWER));
  const client = new BedrockRuntimeClient({
    endpoint: bedrock.origin,
    region: "us-east-1",
    credentials: { accessKeyId: "none", secretAccessKey: "none" },
  });
  const messages = [{ role: "user" as const, content: [{ text: "Hello." }] }];
  const { output } = await client.send(new ConverseCommand({ modelId: "m", messages }));
  client.destroy();
  removeClaim(bedrockClaim);
  expect(output).toEqual(ANSWER.output);
  expect(attributes()).toMatchObject([
    { "gen_ai.request.model": "m", "spancost.attempt": 0, "error.type": "429" },
    { "gen_ai.request.model": "m", "spancost.attempt": 1, "gen_ai.response.finish_reasons": ["end_turn"] },
  ]);
});
