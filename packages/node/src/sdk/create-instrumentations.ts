import { AnthropicInstrumentation } from "@spancost/instrumentation-anthropic";
import { AwsBedrockInstrumentation } from "@spancost/instrumentation-aws-bedrock";
import { GoogleGenAIInstrumentation } from "@spancost/instrumentation-google-genai";
import { GroqInstrumentation } from "@spancost/instrumentation-groq";
import { OpenAIInstrumentation } from "@spancost/instrumentation-openai";
import type { NodeConfig } from "../config/load-config.ts";

/** All provider instrumentations, enabled; they also see calls to the URLs that the SDKs' own variables name. */
export function createInstrumentations({ baseUrls, includeUsage }: NodeConfig) {
  return [
    new OpenAIInstrumentation({ baseUrls: baseUrls.openai, includeUsage }),
    new AnthropicInstrumentation({ baseUrls: baseUrls.anthropic }),
    new GoogleGenAIInstrumentation({ baseUrls: baseUrls.google }),
    new GroqInstrumentation({ baseUrls: baseUrls.groq }),
    new AwsBedrockInstrumentation({ baseUrls: baseUrls.bedrock }),
  ];
}
