import { ProviderInstrumentation, type ProviderInstrumentationConfig } from "@spancost/instrumentation";
import {
  ANTHROPIC_MESSAGES,
  BEDROCK_CONVERSE,
  BEDROCK_INVOKE,
  OPENAI_CHAT,
  OPENAI_RESPONSES,
} from "@spancost/llm-wire";
import { PACKAGE } from "./package-identity.ts";
import { readRegion } from "./read-region.ts";

/**
 * Bedrock's hosts, `-fips` ones included: the runtime, its interface endpoints in a VPC, and the endpoint that speaks OpenAI's
 * and Anthropic's formats.
 * @see https://docs.aws.amazon.com/general/latest/gr/bedrock.html read 2026-11-20
 */
const HOSTS: readonly string[] = [
  "bedrock-runtime*.amazonaws.com",
  "bedrock-runtime*.amazonaws.com.cn",
  "bedrock-runtime*.api.aws",
  "bedrock-mantle.*.api.aws",
  "vpce-*.bedrock-runtime*.vpce.amazonaws.com",
];

/** Spans for AWS Bedrock calls, whatever SDK calls them. */
export class AwsBedrockInstrumentation extends ProviderInstrumentation {
  constructor(config: ProviderInstrumentationConfig = {}) {
    super(
      {
        packageName: PACKAGE.name,
        packageVersion: PACKAGE.version,
        hosts: HOSTS,
        formats: [BEDROCK_CONVERSE, BEDROCK_INVOKE, OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC_MESSAGES],
        providerName: () => "aws.bedrock",
        inferenceRegion: readRegion,
      },
      config,
    );
  }
}
