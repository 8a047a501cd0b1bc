import { type CarrierOptions, setCarrierSigning } from "./binding/carrier.ts";
import { setDefaultTrustedPeers } from "./middleware/trusted-peers-default.ts";
import { type HashIdsOptions, setHashIds } from "./opaque-ids.ts";

/** What holds for attribution in the whole process. */
export interface AttributionConfiguration {
  /** Replaces tenant and user ids by keyed hashes before they reach a span or the wire. @default not hashed */
  readonly hashIds?: HashIdsOptions | undefined;
  /** Signs what `captureAttribution` packs, and believes only that. @default not signed */
  readonly carriers?: CarrierOptions | undefined;
  /** Addresses and CIDR ranges whose unsigned attribution a middleware without `trustedPeers` of its own believes. @default none */
  readonly trustedPeers?: readonly string[] | undefined;
}

/**
 * Configures attribution for the process, from now on. What is not named stays as it is, so that an app cannot switch off by accident
 * what the environment asked for; `undefined` ends it. Call it before the first request.
 */
export function configureAttribution(configuration: AttributionConfiguration): void {
  if ("hashIds" in configuration) setHashIds(configuration.hashIds);
  if ("carriers" in configuration) setCarrierSigning(configuration.carriers);
  if ("trustedPeers" in configuration) setDefaultTrustedPeers(configuration.trustedPeers);
}
