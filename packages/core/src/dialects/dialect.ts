/**
 * The form of a dialect: data that says how one family of producers writes an LLM call onto a span. `readSpan` interprets it.
 * Keys are tried in their order; the first attribute that has a usable value wins.
 */
export interface Dialect {
  /** Stands in the ledger's `dialect` column. */
  readonly name: string;
  readonly recognise: Recognition;
  /** What the span is; the first rule that holds decides, and a span that no rule takes is no LLM span. */
  readonly roles: readonly RoleRule[];
  readonly fields: FieldSources;
  readonly usage: UsageSources;
  /** When the reported input does NOT contain cache reads and writes. */
  readonly inputExcludesCache?: readonly Condition[];
  /** When the reported output does NOT contain reasoning. */
  readonly outputExcludesReasoning?: readonly Condition[];
  /** When the figures are the producer's own guess and not the provider's: they are not used. */
  readonly usageIsGuess?: readonly Condition[];
  /** A cost passed through from the provider itself, in USD; taken when one of the conditions holds. */
  readonly providedUsd?: { readonly sources: readonly Source[]; readonly when: readonly Condition[] };
}

/** How a producer is known. Scopes are exact names or, with a trailing `*`, prefixes. */
interface Recognition {
  readonly scopes: readonly string[];
  /** Scope versions from this one on. */
  readonly fromVersion?: string;
  /** Scope versions before this one. */
  readonly beforeVersion?: string;
  /** Attributes of which one must be there, whatever the scope (when `scopes` is empty) or besides it. */
  readonly anyAttribute?: readonly string[];
  /** The producer is not known: the span is read by what its attributes mean by convention. */
  readonly isFallback?: true;
}

/** One question about a span; all the parts given must hold. */
export interface Condition {
  /** Families of providers, by `providerFamily`. */
  readonly provider?: readonly ProviderFamily[];
  /** What the provider's name on the span, in lower case, must contain. */
  readonly providerIncludes?: string;
  readonly streamed?: boolean;
  readonly operationIn?: readonly string[];
  /** Attribute that must be there. */
  readonly has?: string;
  /** Attributes none of which may be there. */
  readonly lacksAll?: readonly string[];
  /**
   * Attribute that holds the prompt's messages as JSON: the input figure must be lower than what a provider bills for that many
   * messages even when they are empty, so that it cannot be the provider's.
   */
  readonly fewerInputTokensThanMessagesNeed?: string;
  /** The reported cache reads and writes must be more than the reported input, so that they cannot be part of it. */
  readonly cacheExceedsInput?: true;
  /** Attribute that holds the total of the reported input and output: it must be absent, or be another sum than theirs. */
  readonly totalIsNotSum?: string;
  /** Attribute whose text ("" when absent) must be one of `in`, or end with one of `endsWith`. */
  readonly attribute?: string;
  readonly in?: readonly string[];
  readonly endsWith?: readonly string[];
  /** What the span's name must contain. */
  readonly nameIncludes?: string;
}

/** @see CallReading.role */
export interface RoleRule extends Condition {
  readonly role: "call" | "wrapper" | "none";
}

/** Families of providers that differ in what they count. */
export type ProviderFamily = "anthropic" | "bedrock" | "google" | "openai" | "xai" | "other";

/** An attribute, or a place inside an attribute that holds JSON the dialect defines. */
export type Source = string | JsonSource;

/** `path` leads from the parsed JSON to the value. */
interface JsonSource {
  readonly json: string;
  readonly path: readonly string[];
  /** The value is the sum of the numbers under these keys of the object at `path`. */
  readonly sum?: SummedKeys;
}

/** Keys whose numbers are added up. */
export interface SummedKeys {
  readonly keys: RegExp;
  /** Key that must hold a number, without which the other parts are not the whole. */
  readonly needs?: string;
}

/** Where the fields of a reading stand. */
export interface FieldSources {
  readonly provider: readonly Source[];
  readonly modelRequested: readonly Source[];
  readonly modelReported: readonly Source[];
  readonly operation: readonly Source[];
  readonly serviceTier?: readonly Source[];
  readonly inferenceRegion?: readonly Source[];
  readonly responseId?: readonly Source[];
  readonly sessionId?: readonly Source[];
  readonly streamed?: readonly Source[];
  readonly errorType?: readonly Source[];
  /** The span failed when one of these is there, whatever its status says. */
  readonly failed?: readonly Condition[];
  /** An attribute such as `googleai/gemini-2.5-flash`: the provider, a slash, the requested model. */
  readonly providerAndModel?: string;
  /** The provider is the part of the span's name before this text. */
  readonly providerFromName?: string;
  /** The operation by the text, or the end of the text, of an attribute of the dialect's own. */
  readonly operationByAttribute?: {
    readonly attribute: string;
    readonly values?: Readonly<Record<string, string>>;
    readonly endsWith?: Readonly<Record<string, string>>;
  };
  /** The call was streamed when one of these holds. */
  readonly streamedWhen?: readonly Condition[];
}

/**
 * Where each bucket stands. `cacheWrite` is the sum of both durations. `uncachedInput` (without cache reads and writes) and
 * `textOutput` (without reasoning and audio) are for producers that give those; where they have a value they decide.
 */
export interface UsageSources {
  readonly input: readonly Source[];
  readonly output: readonly Source[];
  readonly uncachedInput?: readonly Source[];
  readonly textOutput?: readonly Source[];
  readonly cacheRead?: readonly Source[];
  readonly cacheWrite?: readonly Source[];
  readonly cacheWrite5m?: readonly Source[];
  readonly cacheWrite1h?: readonly Source[];
  readonly reasoning?: readonly Source[];
  readonly audioIn?: readonly Source[];
  readonly audioOut?: readonly Source[];
  readonly imageIn?: readonly Source[];
  readonly imageOut?: readonly Source[];
  readonly images?: readonly Source[];
  readonly audioSeconds?: readonly Source[];
  readonly videoSeconds?: readonly Source[];
  readonly characters?: readonly Source[];
  readonly webSearchRequests?: readonly Source[];
}
