/** What happened in a run, for its figures. */
export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #times = new Map<string, number[]>();
  /** What must not be. */
  readonly violations: string[] = [];

  count(what: string, by = 1): void {
    this.#counts.set(what, this.get(what) + by);
  }

  get(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  time(what: string, ms: number): void {
    const times = this.#times.get(what) ?? [];
    times.push(ms);
    this.#times.set(what, times);
  }

  violate(kind: string, message: string): void {
    this.count(kind);
    this.violations.push(`${kind}: ${message}`);
  }

  /** One line of counts that begin with a prefix. */
  format(prefix: string): string {
    const counts = [...this.#counts].filter(([what]) => what.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
    return counts.map(([what, count]) => `${what.slice(prefix.length)} ${count}`).join(", ");
  }

  /** Median, 99th percentile and most, in milliseconds. */
  formatTimes(what: string): string {
    const times = (this.#times.get(what) ?? []).toSorted((a, b) => a - b);
    const at = (share: number) => Math.round(times[Math.min(Math.floor(times.length * share), times.length - 1)] ?? 0);
    return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`;
  }
}
