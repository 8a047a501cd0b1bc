/** Which hosts attribution may be sent to. */
export interface HostAllowListOptions {
  /**
   * `host`, `host:port`, `*.domain`, `*.domain:port`, `[IPv6]`, `[IPv6]:port`. Without a port every port is meant; `*.domain` means every name
   * below the domain and not the domain itself.
   */
  readonly hosts?: readonly string[] | undefined;
  /** Allows 127.0.0.0/8, ::1 and localhost. @default true */
  readonly loopback?: boolean | undefined;
}

/** A list of hosts; what stands on it wrongly is not on it. */
export interface HostAllowList {
  /** What is wrong with which entry, for a start-up check or a log. */
  readonly problems: readonly string[];
  /** Says whether the host of an absolute http or https URL is on the list; anything else is not. */
  allows(url: string | URL): boolean;
}

interface HostPattern {
  /** Without the wildcard: `.domain` for `*.domain`. */
  readonly host: string;
  readonly isWildcard: boolean;
  readonly port: string | undefined;
}

const LOOPBACK_IPV4 = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const PATTERN = /^(\*\.)?(\[[0-9a-fA-F:.]+\]|[^\s:/@?#\\*[\]]+)(?::(\d{1,5}))?$/;
const MAX_PORT = 65_535;

/** Creates an allow-list of hosts, with loopback on it unless told otherwise. */
export function createHostAllowList(options: HostAllowListOptions = {}): HostAllowList {
  const parsed = (options.hosts ?? []).map((text) => ({ text, pattern: parseHostPattern(text) }));
  const patterns = parsed.flatMap(({ pattern }) => (pattern === undefined ? [] : [pattern]));
  const loopback = options.loopback ?? true;
  return {
    problems: parsed.flatMap(({ text, pattern }) => (pattern === undefined ? [describeProblem(text)] : [])),
    allows: (given) => {
      const url = toHttpUrl(given);
      if (url === undefined) return false;
      const host = normalizeHost(url.hostname);
      return (loopback && isLoopback(host)) || patterns.some((pattern) => matches(pattern, host, effectivePort(url)));
    },
  };
}

/** Reads a URL as `fetch` does, so that user info, backslashes and odd spellings of addresses mean what they mean there. */
export function toHttpUrl(given: string | URL): URL | undefined {
  try {
    const url = typeof given === "string" ? new URL(given) : given;
    return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a URL of a bare host, which may be an IPv6 address without brackets; `undefined` when it is more than a host. */
export function toHostUrl(host: string, port: string | number | undefined): URL | undefined {
  if (/[\s/@?#\\]/.test(host) || host === "") return undefined;
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return toHttpUrl(`http://${bracketed}${port === undefined ? "" : `:${port}`}/`);
}

function parseHostPattern(text: string): HostPattern | undefined {
  if (typeof text !== "string") return undefined;
  const bare = text.trim();
  const [, wildcard, host = "", port] = PATTERN.exec(isBareIpv6(bare) ? `[${bare}]` : bare) ?? [];
  const url = toHostUrl(host, undefined);
  if (url === undefined || (port !== undefined && Number(port) > MAX_PORT)) return undefined;
  const isWildcard = wildcard !== undefined;
  const name = normalizeHost(url.hostname);
  if (isWildcard && isAddress(name)) return undefined;
  return {
    host: isWildcard ? `.${name}` : name,
    isWildcard,
    port: port === undefined ? undefined : String(Number(port)),
  };
}

function matches(pattern: HostPattern, host: string, port: string): boolean {
  if (pattern.port !== undefined && pattern.port !== port) return false;
  if (!pattern.isWildcard) return host === pattern.host;
  return host.length > pattern.host.length && host.endsWith(pattern.host);
}

function describeProblem(text: unknown): string {
  if (text === "*") return "* would send attribution to every host: name the hosts, or *.your.domain";
  return `${JSON.stringify(text)} is not host, host:port, *.domain or *.domain:port`;
}

/** `URL` has put it in lower case and addresses into their one spelling. */
function normalizeHost(hostname: string): string {
  return hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
}

function effectivePort(url: URL): string {
  if (url.port !== "") return url.port;
  return url.protocol === "https:" ? "443" : "80";
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || LOOPBACK_IPV4.test(host);
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || /^[\d.]+$/.test(host);
}

function isBareIpv6(text: string): boolean {
  return !text.startsWith("[") && text.indexOf(":") !== text.lastIndexOf(":");
}
