import type { WireFormat } from "@spancost/llm-wire";
import { type HostPattern, fitsHostPattern, parseHostPattern } from "./host-pattern.ts";
import type { ProviderClaim } from "./provider-claim.ts";

/** A request that a claim wants to see. */
export interface ClaimedRequest {
  readonly claim: ProviderClaim;
  readonly format: WireFormat;
}

/** One way to be claimed: everything on a host (empty path), or what lies under a path on it. */
interface ClaimedPath {
  readonly claim: ProviderClaim;
  readonly path: string;
}

const ANY_PATH = "";
const NOBODY: readonly ClaimedPath[] = [];
/** What a host and port of SDKs never have: credentials, a query right behind, capitals. */
const UNUSUAL_AUTHORITY = /[@?#A-Z]/;

/** Finds the claim on a request; says no to everybody else's requests after one look at the host. */
export class ClaimTable {
  readonly #claims = new Set<ProviderClaim>();
  #byHost = new Map<string, ClaimedPath[]>();
  #byPattern: (readonly [pattern: HostPattern, claimed: ClaimedPath])[] = [];

  get isEmpty(): boolean {
    return this.#claims.size === 0;
  }

  add(claim: ProviderClaim): void {
    this.#claims.add(claim);
    this.#rebuild();
  }

  remove(claim: ProviderClaim): void {
    this.#claims.delete(claim);
    this.#rebuild();
  }

  /** Whether a request to this absolute URL might be claimed; cheap enough for every request of the app. */
  mayClaim(url: string): boolean {
    return this.#claimedPaths(toHostKey(url)).length > 0;
  }

  /** Whether an absolute URL lies on a claimed host, under the path that is claimed there, whatever is sent to it. */
  covers(text: string): boolean {
    const url = URL.parse(text);
    if (url === null) return false;
    return this.#claimedPaths(toHostKey(url.href)).some(({ path }) => isUnder(url.pathname, path));
  }

  find(method: string, url: URL): ClaimedRequest | undefined {
    for (const { claim, path } of this.#claimedPaths(toHostKey(url.href))) {
      if (!isUnder(url.pathname, path)) continue;
      const format = claim.formats.find((candidate) => candidate.matchRequest(method, url.pathname));
      if (format !== undefined) return { claim, format };
    }
    return undefined;
  }

  #claimedPaths(host: string): readonly ClaimedPath[] {
    const exact = this.#byHost.get(host);
    if (exact !== undefined) return exact;
    let fitting: ClaimedPath[] | undefined;
    for (const [pattern, claimed] of this.#byPattern) {
      if (fitsHostPattern(host, pattern)) (fitting ??= []).push(claimed);
    }
    return fitting ?? NOBODY;
  }

  #rebuild(): void {
    this.#byHost = new Map();
    this.#byPattern = [];
    for (const claim of this.#claims) {
      for (const host of claim.hosts) this.#addHost(host.toLowerCase(), claim);
      for (const baseUrl of claim.baseUrls) this.#addBaseUrl(baseUrl, claim);
    }
    // The longest path is the most exact claim.
    for (const claimed of this.#byHost.values()) claimed.sort((a, b) => b.path.length - a.path.length);
  }

  #addHost(host: string, claim: ProviderClaim): void {
    const pattern = parseHostPattern(host);
    if (pattern === null) this.#addPath(toHostKey(`any://${host}`), { claim, path: ANY_PATH });
    else this.#byPattern.push([pattern, { claim, path: ANY_PATH }]);
  }

  #addBaseUrl(baseUrl: string, claim: ProviderClaim): void {
    const url = URL.parse(baseUrl);
    if (url === null)
      return claim.reportFailure("configuration", new TypeError(`baseUrls: "${baseUrl}" is no absolute URL`));
    this.#addPath(toHostKey(url.href), { claim, path: url.pathname.replace(/\/+$/, "") });
  }

  #addPath(host: string, claimed: ClaimedPath): void {
    const known = this.#byHost.get(host);
    if (known === undefined) this.#byHost.set(host, [claimed]);
    else known.push(claimed);
  }
}

/** Host and port of an absolute URL, without parsing it: this runs on every request of the app. */
function toHostKey(url: string): string {
  const start = url.indexOf("://") + 3;
  const slash = url.indexOf("/", start);
  let host = url.slice(start, slash === -1 ? url.length : slash);
  if (UNUSUAL_AUTHORITY.test(host))
    host = host
      .replace(/[?#].*$/s, "")
      .replace(/^.*@/s, "")
      .toLowerCase();
  return host.endsWith(":443") || host.endsWith(":80") ? host.slice(0, host.lastIndexOf(":")) : host;
}

function isUnder(pathname: string, path: string): boolean {
  return pathname.startsWith(path) && (pathname.length === path.length || pathname.charAt(path.length) === "/");
}
