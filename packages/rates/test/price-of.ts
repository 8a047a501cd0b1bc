import { type PriceRequestUsage, type PriceResponse, priceRequest } from "@spancost/rates";

/** A call to price, as short as a test wants it. */
export interface Call {
  readonly provider?: string;
  readonly model: string;
  /** @default 2026-06-15 12:00 UTC */
  readonly at?: string;
  readonly tier?: string;
  readonly region?: string;
  readonly usage: PriceRequestUsage;
}

/** Prices a call by the public catalogue. */
export function priceOf({
  provider = "",
  model,
  at = "2026-06-15T12:00:00Z",
  tier,
  region,
  usage,
}: Call): PriceResponse {
  return priceRequest({
    id: "test",
    provider,
    model,
    timestamp: at,
    service_tier: tier,
    inference_region: region,
    usage,
  });
}

/** The price of a call in USD, or why there is none. */
export function usdOf(call: Call): string {
  const response = priceOf(call);
  return response.usd ?? `${response.outcome}: ${response.reason}`;
}

/** One million tokens in and one million out: the sum of the prices as lists print them. */
export const MILLION_EACH: PriceRequestUsage = { input_total: 1_000_000, output: 1_000_000 };
/** A tenth of that, below every context threshold. */
export const TENTH_EACH: PriceRequestUsage = { input_total: 100_000, output: 100_000 };
