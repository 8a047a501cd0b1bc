/** What tokens of a model cost, in 1e-12 USD each. Output includes reasoning. */
export interface TokenPrices {
  readonly input: bigint;
  readonly cacheRead: bigint;
  readonly output: bigint;
}

/** A model that is sold by somebody. */
export interface PricedModel {
  readonly provider: string;
  readonly model: string;
  readonly prices: TokenPrices;
}

/** By hand from the providers' price pages, read 2026-11-20; not from the price data that the server uses. */
export const MODELS: readonly [PricedModel, ...PricedModel[]] = [
  sold("openai", "gpt-5-mini", 250_000n, 25_000n, 2_000_000n),
  sold("openai", "gpt-4o-mini", 150_000n, 75_000n, 600_000n),
  sold("openai", "gpt-4o", 2_500_000n, 1_250_000n, 10_000_000n),
  sold("anthropic", "claude-sonnet-4-5", 3_000_000n, 300_000n, 15_000_000n),
  sold("anthropic", "claude-haiku-4-5", 1_000_000n, 100_000n, 5_000_000n),
];

function sold(provider: string, model: string, input: bigint, cacheRead: bigint, output: bigint): PricedModel {
  return { provider, model, prices: { input, cacheRead, output } };
}

/** The operator's own model, whose price changes now and then. */
export const HOUSE = { provider: "house", model: "house-model" } as const;

const PICO_USD_PER_USD_PER_MILLION = 1_000_000n;

/** Which of its prices the operator's model has, in whole USD a million tokens. */
export function housePrice(at: number): { readonly input: number; readonly output: number } {
  return { input: 1 + (at % 7), output: 5 + (at % 5) };
}

export function houseTokenPrices(at: number): TokenPrices {
  const { input, output } = housePrice(at);
  const [perInput, perOutput] = [input, output].map((price) => BigInt(price) * PICO_USD_PER_USD_PER_MILLION);
  return { input: perInput ?? 0n, cacheRead: perInput ?? 0n, output: perOutput ?? 0n };
}

/** Counts of tokens, where input includes what was read from the cache. */
export interface Tokens {
  readonly input: number;
  readonly cacheRead: number | null;
  readonly output: number;
  readonly reasoning: number | null;
}

/** What tokens cost, in 1e-12 USD. */
export function costOf(tokens: Tokens, prices: TokenPrices): bigint {
  const cached = BigInt(tokens.cacheRead ?? 0);
  return (
    (BigInt(tokens.input) - cached) * prices.input + cached * prices.cacheRead + BigInt(tokens.output) * prices.output
  );
}
