import { findProviderByPrefix } from "./provider-names.ts";

/** A model's name taken apart. */
export interface ModelName {
  /** The name without what only says where it runs: lower case, no provider prefix, no ARN, no region prefix. */
  readonly name: string;
  /** The name as given, lower case: price lists of gateways know models by prefixed names. */
  readonly literal: string;
  /** Provider that a prefix or the shape of the name tells, or "". */
  readonly provider: string;
  /** Region that the name tells (`us`, `eu`, `global`, `us-east-1`), or "". */
  readonly region: string;
  /** `false` when the name is one that only the operator can explain: an application profile, a provisioned model. */
  readonly readable: boolean;
}

const BEDROCK_REGION = /^(us-gov|us|eu|apac|jp|au|ca|in|sa|me|af|global)\.(?=[a-z0-9-]+\.)/;
const BEDROCK_VENDOR =
  /^(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|stability|writer|openai|qwen|google|nvidia|minimax|moonshot|moonshotai|luma|twelvelabs|zai|xai)\.(?=[a-z])/;
const CLOUD_REGION =
  /^(?:us|eu|ap|sa|ca|me|af|il|mx|cn|asia|europe|northamerica|southamerica|australia|us-gov)-[a-z]+-?\d+$/;
/** Path parts that name an API, not a model. */
const SURFACES = new Set(["models", "invoke", "converse", "converse_like", "responses"]);
const ZONES = new Set(["us", "eu", "global", "global-standard", "apac", "jp", "au", "data-zone"]);

/** Takes a model's name apart: ARN, path prefixes, Bedrock's region prefix. Suffixes stay: they may mean another price. */
export function readModelName(model: string): ModelName {
  const literal = model.trim().toLowerCase();
  if (literal.startsWith("arn:")) return readArn(literal);
  const parts = literal.split("/");
  let provider = "";
  let region = "";
  while (parts.length > 1) {
    const head = parts[0] ?? "";
    const known = findProviderByPrefix(head);
    if ((head === "projects" || head === "accounts") && parts.length > 2) parts.splice(0, 2);
    else if (head === "locations" && parts.length > 2) region = parts.splice(0, 2)[1] ?? "";
    else if (head === "publishers" && parts.length > 2) {
      parts.splice(0, 2);
      provider = "vertex";
    } else if (SURFACES.has(head)) parts.shift();
    else if (
      known !== undefined &&
      (provider === "" || provider === "azure" || provider === "vertex" || provider === "bedrock")
    ) {
      parts.shift();
      provider ||= known;
    } else if (CLOUD_REGION.test(head) || ZONES.has(head)) region = parts.shift() ?? "";
    else break;
  }
  return readTail({ literal, name: parts.join("/"), provider, region });
}

function readTail(read: { literal: string; name: string; provider: string; region: string }): ModelName {
  const { literal, provider, region, name } = read;
  const prefix = BEDROCK_REGION.exec(name)?.[1];
  const plain = prefix === undefined ? name : name.slice(prefix.length + 1);
  const vendor = BEDROCK_VENDOR.test(plain);
  if (prefix !== undefined && !vendor) return { literal, name, provider, region, readable: true };
  return {
    literal,
    name: plain,
    provider: vendor && provider === "" ? "bedrock" : provider,
    region: prefix ?? region,
    readable: true,
  };
}

/** `arn:aws:bedrock:REGION:ACCOUNT:inference-profile/us.anthropic...` and foundation models; other resources need a mapping. */
function readArn(arn: string): ModelName {
  const fields = arn.split(":");
  const resource = fields.slice(5).join(":");
  const slash = resource.indexOf("/");
  const kind = resource.slice(0, slash);
  const isModel = kind === "inference-profile" || kind === "foundation-model";
  if (!isModel) return { literal: arn, name: arn, provider: "bedrock", region: fields[3] ?? "", readable: false };
  return readTail({ literal: arn, name: resource.slice(slash + 1), provider: "bedrock", region: fields[3] ?? "" });
}

/** A name to look up, and whether finding it is an inference. */
export interface NameCandidate {
  readonly name: string;
  readonly inferred: boolean;
}

/**
 * Names under which the same model may stand in a price list, the longest first. Only what never changes the model is cut:
 * a version of the wire format, a full date, `-latest`. Digits of a version are never cut, nor is a word.
 */
export function listNameCandidates(name: string): NameCandidate[] {
  const seen = new Map<string, boolean>();
  const add = (candidate: string, inferred: boolean): void => {
    if (candidate !== "" && !seen.has(candidate)) seen.set(candidate, inferred);
  };
  add(name, false);
  for (const rewrite of [...SPELLINGS, ...OTHER_SPELLINGS])
    for (const known of Array.from(seen.keys())) add(rewrite(known), false);
  for (const [pattern, keep, inference] of SUFFIXES)
    for (const [known, inferred] of Array.from(seen)) add(known.replace(pattern, keep), inferred || inference);
  return [...seen].map(([candidate, inferred]) => ({ name: candidate, inferred }));
}

/** Two spellings of one name. */
const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => name.replace(/@(\d{8}|\d{3})$/, "-$1"),
  (name) => name.replace(/@(?:default|latest)$/, ""),
  (name) => name.replace(/^gpt-35-/, "gpt-3.5-"),
  (name) => (name.startsWith("gpt-") ? name.replace(/^gpt-(\d)-(\d)(?=-|$)/, "gpt-$1.$2") : name),
  // claude-4.5-sonnet, claude-4-5-sonnet -> claude-sonnet-4-5
  (name) =>
    name.replace(/(^|[./])claude-([4-9])[.-](\d)-(opus|sonnet|haiku|fable|mythos)(?=[-@:]|$)/, "$1claude-$4-$2-$3"),
  (name) => name.replace(/(^|[./])claude-([4-9])-(opus|sonnet|haiku|fable|mythos)(?=[-@:]|$)/, "$1claude-$3-$2"),
  (name) =>
    name.replace(/(^|[./])claude-(opus|sonnet|haiku|fable|mythos)-([4-9])\.(\d)(?=[-@:]|$)/, "$1claude-$2-$3-$4"),
  (name) => name.replace(/(^|[./])claude-(\d)\.(\d)-(opus|sonnet|haiku)(?=[-@:]|$)/, "$1claude-$2-$3-$4"),
  // claude-sonnet-3-7 -> claude-3-7-sonnet
  (name) => name.replace(/(^|[./])claude-(opus|sonnet|haiku)-3[.-](\d)(?=[-@:]|$)/, "$1claude-3-$3-$2"),
];
/** Spellings that only some lists have, so not the canonical one. */
const OTHER_SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => name.replace(/(\/claude-(?:opus|sonnet|haiku|fable|mythos)-\d)-(\d)(?=[-:]|$)/, "$1.$2"),
  // A fine-tuned model is billed at the tuned base's own price, whoever tuned it: ft:gpt-4o-mini-2024-07-18:acme::id
  (name) => name.replace(/^(ft:[^:]+):.*$/, "$1"),
  (name) => name.replace(/\.ft-.+$/, ".ft"),
];
/** Version of the wire format and the context window that a throughput is bought for: `:0`, `:0:200k`. */
const WIRE_VERSION = /:\d+(?::\d+k)?$/;
/** Bedrock's `-v1` behind a complete name. Elsewhere it is part of the name: `titan-embed-text-v2` is another model than `-v1`. */
const PROFILE_VERSION =
  /(-\d{8}|claude-(?:opus|sonnet|haiku|fable|mythos)-\d(?:-\d)?|nova(?:-2)?-[a-z]+|-instruct)-v\d+$/;
const LATEST = /-latest$/;
const FULL_DATE = /[-@](?:19|20)\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])$/;
const SUFFIXES: readonly (readonly [pattern: RegExp, keep: string, inferred: boolean])[] = [
  [WIRE_VERSION, "", false],
  [PROFILE_VERSION, "$1", false],
  [LATEST, "", true],
  [FULL_DATE, "", true],
];

/** The one spelling under which every spelling of a name meets; for comparing price lists. */
export function toCanonicalName(name: string): string {
  const spelled = SPELLINGS.reduce((known, rewrite) => rewrite(known), name);
  return spelled.replace(WIRE_VERSION, "").replace(PROFILE_VERSION, "$1");
}

/** Names of models that Bedrock's SDKs give without their vendor. */
const VENDORLESS: readonly (readonly [pattern: RegExp, vendor: string])[] = [
  [/^claude/, "anthropic."],
  [/^(?:nova|titan)-/, "amazon."],
];

/** A model's name with its vendor, as Bedrock's price list has it. */
export function toBedrockName(name: string): string {
  const vendor = VENDORLESS.find(([pattern]) => pattern.test(name))?.[1] ?? "";
  return vendor + name.replace(/^amazon-(?=nova|titan)/, "amazon.");
}
