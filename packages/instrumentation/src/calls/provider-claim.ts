import type { Tracer } from "@opentelemetry/api";
import type { WireFormat } from "@spancost/llm-wire";

/** What one provider instrumentation wants to see: requests to its hosts or under its URL prefixes, in its wire formats. */
export interface ProviderClaim {
  /** `host`, `host:port`, or a pattern where `*` is any text: `*.domain`, `service.*.domain`. Default ports are left out. */
  readonly hosts: readonly string[];
  /** URL prefixes, such as `http://127.0.0.1:8080/openai/v1`. */
  readonly baseUrls: readonly string[];
  readonly formats: readonly WireFormat[];
  /** `gen_ai.provider.name` of a call to this URL. */
  providerName(url: URL): string;
  /** `spancost.inference_region` of a call, where the request tells it. `readHeader`: a request header by its lower-case name. */
  inferenceRegion?(url: URL, readHeader: (name: string) => string | null): string | null;
  /**
   * Whether usage may be asked for on behalf of a caller who did not, of the host of this URL: it must know the wish, and must not
   * send usage anyway, since what it sends is taken out again. Absent: never.
   * @param canRepeat whether a request that is refused for the wish is repeated without it, so that the app never sees the refusal
   */
  asksForUsage?(url: URL, canRepeat: boolean): boolean;
  getTracer(): Tracer;
  /** Takes what went wrong in the instrumentation itself; the app never sees it. */
  reportFailure(where: string, error: unknown): void;
}
