/** What a provider says to a request with a field that it does not know. */
const REFUSALS: ReadonlySet<number> = new Set([400, 422]);
/** Hosts that are remembered: a bound, not a need. */
const MAX_HOSTS = 1_000;

/** Hosts that refused the wish for usage. */
const refusing = new Set<string>();
/** Hosts that took it before: what they refuse, they refuse for other reasons. */
const taking = new Set<string>();

/** Whether a host may be asked for usage that the app did not ask for. `host` with its port, where that is not the scheme's own. */
export function mayAskHost(host: string): boolean {
  return !refusing.has(host);
}

/** Whether a status may be the answer to the wish and not to the app's request. */
export function isRefusal(status: number): boolean {
  return REFUSALS.has(status);
}

/** Remembers that a host answered a request with the wish. */
export function noteTaken(host: string): void {
  remember(taking, host);
}

/** Remembers that a host refused the wish: it is not asked again, unless it took the wish before. */
export function noteRefused(host: string): void {
  if (!taking.has(host)) remember(refusing, host);
}

function remember(hosts: Set<string>, host: string): void {
  if (hosts.has(host)) return;
  const [oldest] = hosts;
  if (hosts.size >= MAX_HOSTS && oldest !== undefined) hosts.delete(oldest);
  hosts.add(host);
}
