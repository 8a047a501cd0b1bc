import { createPeerTrust, type PeerTrust } from "../boundary/trusted-peers.ts";
import { createProcessSetting } from "../process-setting.ts";

const TRUSTS_NOBODY: PeerTrust = () => false;

const processTrust = createProcessSetting("trustedPeers", createPeerTrust);

/** Sets, or with `undefined` ends, the peers that a middleware without `trustedPeers` of its own trusts, from now on. */
export function setDefaultTrustedPeers(trustedPeers: readonly string[] | undefined): void {
  processTrust.set(trustedPeers);
}

/** Gives the trust of a middleware; without a list of its own it is the process's, also when that is set later. */
export function choosePeerTrust(trustedPeers: readonly string[] | undefined): PeerTrust {
  return trustedPeers === undefined
    ? (address) => (processTrust.get() ?? TRUSTS_NOBODY)(address)
    : createPeerTrust(trustedPeers);
}
