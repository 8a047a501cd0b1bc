import { type Context, context } from "@opentelemetry/api";
import { reportFailure } from "../report-failure.ts";
import { believeClaims, keepUnverifiedClaims, readUnverifiedClaims } from "./claims.ts";
import { loadNet } from "./node-builtins.ts";

/** Says whether attribution from an address is believed without a signature. */
export type PeerTrust = (address: string | undefined) => boolean;

const CIDR = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/;

/**
 * Creates a check of peers by their address: `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`. Pass it the address of the socket, never one from a header. An
 * entry that is none is reported and trusts nobody; so does a runtime without node:net.
 */
export function createPeerTrust(trustedPeers: readonly string[]): PeerTrust {
  const net = loadNet();
  if (net === undefined || trustedPeers.length === 0) return () => false;
  const list = new net.BlockList();
  for (const peer of trustedPeers) {
    const range = parsePeer(net, peer);
    if (range === undefined) reportFailure("invalid_boundary", describePeerProblem(peer));
    else list.addSubnet(range.address, range.bits, range.family);
  }
  return (address) => {
    const bare = address?.replace(/%.*$/, "") ?? "";
    const family = familyOf(net.isIP(bare));
    return family !== undefined && list.check(bare, family);
  };
}

/**
 * Opens the scope that a message claimed, when its peer is trusted. Else the claims are forgotten: whatever the message's work starts, such as a server
 * with other peers, would take them for those of its own messages.
 */
function adoptTrustedClaims(from: Context, trust: PeerTrust, address: string | undefined): Context {
  try {
    const claims = readUnverifiedClaims(from);
    if (claims === undefined) return from;
    return trust(address) ? believeClaims(from, claims) : keepUnverifiedClaims(from, undefined);
  } catch (error) {
    reportFailure("propagator_failed", "claims of a peer could not be read, they are not believed", error);
    return from;
  }
}

/** Runs `fn` in the scope that the message being served claimed, when its peer is trusted; else as it is. */
export function runWithTrustedClaims<T>(trust: PeerTrust, address: string | undefined, fn: () => T): T {
  const active = context.active();
  const adopted = adoptTrustedClaims(active, trust, address);
  return adopted === active ? fn() : context.with(adopted, fn);
}

/** Says what is wrong with which entry of a list of peers, for a check at start. */
export function findPeerProblems(trustedPeers: readonly string[]): readonly string[] {
  const net = loadNet();
  if (net === undefined) return [];
  return trustedPeers.filter((peer) => parsePeer(net, peer) === undefined).map(describePeerProblem);
}

interface PeerRange {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

function parsePeer(net: NonNullable<ReturnType<typeof loadNet>>, peer: string): PeerRange | undefined {
  const [, address = "", given] = CIDR.exec(peer.trim()) ?? [];
  const family = familyOf(net.isIP(address));
  if (family === undefined) return undefined;
  const maxBits = family === "ipv4" ? 32 : 128;
  const bits = Number(given ?? maxBits);
  return bits <= maxBits ? { address, bits, family } : undefined;
}

function describePeerProblem(peer: string): string {
  return `a trusted peer must be an address or a CIDR range, got ${JSON.stringify(peer)}`;
}

function familyOf(version: number): "ipv4" | "ipv6" | undefined {
  if (version === 0) return undefined;
  return version === 4 ? "ipv4" : "ipv6";
}
