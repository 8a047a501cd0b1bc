/** How many requests may be under way at once; one limit can be shared by several receivers. */
export class InFlightLimit {
  readonly max: number;
  #current = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** Requests under way now. */
  get current(): number {
    return this.#current;
  }

  /** Takes a place, or says that there is none; whoever got one calls `leave` once. */
  tryEnter(): boolean {
    if (this.#current >= this.max) return false;
    this.#current += 1;
    return true;
  }

  leave(): void {
    this.#current -= 1;
  }
}
