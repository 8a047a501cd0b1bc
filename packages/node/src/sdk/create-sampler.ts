import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import type { SamplerSetting } from "../config/otel-environment.ts";

/** Makes the sampler that `OTEL_TRACES_SAMPLER` names. */
export function createSampler({ root, ratio, isParentBased }: SamplerSetting): Sampler {
  const sampler = createRootSampler(root, ratio);
  return isParentBased ? new ParentBasedSampler({ root: sampler }) : sampler;
}

function createRootSampler(root: SamplerSetting["root"], ratio: number): Sampler {
  if (root === "always_off") return new AlwaysOffSampler();
  return root === "always_on" ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
}
