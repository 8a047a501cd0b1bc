import { createHostAllowList, findPeerProblems, parseSigningKeys, type SigningKey } from "@spancost/otel";
import { z } from "zod";
import { toVariable } from "./variables.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const commaList = z
  .string()
  .transform((text) => text.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()])))
  .default([]);
const flag = (fallback: boolean) => z.stringbool().default(fallback);
const attributeKey = (fallback: string) => z.string().min(1).max(64).default(fallback);
/** What a key must be is the propagator's rule. */
const signingKeys = z
  .string()
  .transform((text, context): readonly SigningKey[] => {
    const result = parseSigningKeys(text);
    if (result.ok) return result.keys;
    context.addIssue({ code: "custom", message: result.problem });
    return z.NEVER;
  })
  .default([]);
const MIN_HASH_KEY_BYTES = 32;

/** Every setting of ours in the app's process, with its default and what it means. */
const SCHEMA = z.object({
  propagateTo: commaList.describe(
    "Hosts that are sent attribution, separated by commas: `host`, `host:port`, or `*.domain` for every name below a domain. Loopback always is.",
  ),
  signingKeys: signingKeys.describe(
    "Keys that sign attribution between services, as `kid:base64`, separated by commas; the first signs, all verify.",
  ),
  trustedPeers: commaList.describe(
    "Addresses or CIDR ranges of peers whose attribution is believed unsigned, for the middleware.",
  ),
  trustAll: flag(false).describe(
    "Believe attribution from everybody: only where a trusted gateway is all that can reach the process.",
  ),
  rejectReplays: flag(false).describe(
    "Refuse a signature that was seen before; a client's own retry then loses its attribution.",
  ),
  tenantKey: attributeKey("tenant_id").describe("Name of the tenant on spans and in baggage."),
  userKey: attributeKey("user_id").describe("Name of the user on spans and in baggage."),
  featureKey: attributeKey("feature").describe("Name of the feature on spans and in baggage."),
  hashKey: z
    .base64()
    .refine((text) => Buffer.from(text, "base64").length >= MIN_HASH_KEY_BYTES, "must be 32 bytes or more, in base64")
    .optional()
    .describe(
      "Key of 32 bytes or more, in base64, under which tenant and user ids are hashed before they reach a span. One that cannot be used leaves them out.",
    ),
  includeUsage: flag(true).describe("Ask for usage in OpenAI chat streams whose caller did not, unseen by the caller."),
});

/** Variables of the provider SDKs that move their calls to another URL, by instrumentation. */
const BASE_URL_VARIABLES = {
  openai: ["OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"],
  anthropic: ["ANTHROPIC_BASE_URL"],
  google: ["GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"],
  groq: ["GROQ_BASE_URL"],
  bedrock: ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
} as const;

/** One of the provider instrumentations. */
type InstrumentedProvider = keyof typeof BASE_URL_VARIABLES;

/** The settings of ours in an app's process, checked. */
export interface NodeConfig extends z.output<typeof SCHEMA> {
  /** URLs that a provider's SDK was told to call instead of the provider's own. */
  readonly baseUrls: Readonly<Record<InstrumentedProvider, readonly string[]>>;
}

/** Every setting's variable, default and meaning, for the documentation. */
export function describeSettings(): { variable: string; default: string; meaning: string }[] {
  return Object.entries(SCHEMA.shape).map(([name, schema]) => ({
    variable: toVariable(name),
    default: formatDefault(schema.safeParse(undefined).data),
    meaning: schema.description ?? "",
  }));
}

/** Lists are empty unless they are set. */
function formatDefault(value: unknown): string {
  return typeof value === "string" || typeof value === "boolean" ? String(value) : "";
}

/**
 * Reads the settings from the environment. Pure. A setting that cannot be used becomes a problem, and its default holds: the defaults
 * send nothing to, and believe nothing from, anybody.
 */
export function loadConfig(environment: Environment): {
  readonly config: NodeConfig;
  readonly problems: readonly string[];
} {
  const given = Object.fromEntries(
    Object.keys(SCHEMA.shape).map((name) => [name, environment[toVariable(name)] || undefined]),
  );
  const issues = SCHEMA.safeParse(given).error?.issues ?? [];
  const unusable = new Set(issues.map(({ path }) => String(path[0])));
  const usable = Object.fromEntries(Object.entries(given).filter(([name]) => !unusable.has(name)));
  const parsed = SCHEMA.parse(usable);
  return {
    config: {
      ...parsed,
      // Who asked for hashing must not get ids in clear: a key that cannot be used leaves them out.
      ...(unusable.has("hashKey") ? { hashKey: "" } : {}),
      baseUrls: readBaseUrls(environment),
    },
    problems: [
      ...issues.map(({ path, message }) => `${toVariable(String(path[0]))}: ${message}`),
      ...createHostAllowList({ hosts: parsed.propagateTo }).problems.map(
        (problem) => `${toVariable("propagateTo")}: ${problem}`,
      ),
      ...findPeerProblems(parsed.trustedPeers).map((problem) => `${toVariable("trustedPeers")}: ${problem}`),
    ],
  };
}

function readBaseUrls(environment: Environment): NodeConfig["baseUrls"] {
  const read = (provider: InstrumentedProvider) =>
    BASE_URL_VARIABLES[provider].flatMap((variable) => environment[variable] || []);
  return {
    openai: read("openai"),
    anthropic: read("anthropic"),
    google: read("google"),
    groq: read("groq"),
    bedrock: read("bedrock"),
  };
}
