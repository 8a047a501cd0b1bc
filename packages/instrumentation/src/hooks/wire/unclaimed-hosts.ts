/** Hosts that are remembered: a bound, not a need. */
const MAX_HOSTS = 1_000;

/** Remembers hosts that nobody claims, as requests spell them, so that the next request to one is known by a single look. */
export class UnclaimedHosts {
  readonly #hosts = new Set<string>();

  has(host: unknown): boolean {
    return typeof host === "string" && this.#hosts.has(host);
  }

  add(host: unknown): void {
    if (typeof host !== "string") return;
    if (this.#hosts.size >= MAX_HOSTS) this.#hosts.clear();
    this.#hosts.add(host);
  }

  /** Somebody may claim them now. */
  clear(): void {
    this.#hosts.clear();
  }
}
