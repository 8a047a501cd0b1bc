/** A wait that can be ended early. */
export class WakeUp {
  #end: (() => void) | undefined;

  /** Resolves after `ms` (for ever with `Infinity`), or when `now` is called meanwhile. */
  async wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#end = resolve;
      if (ms !== Infinity) timer = setTimeout(resolve, ms);
    });
    this.#end = undefined;
    clearTimeout(timer);
  }

  /** Ends the wait, if there is one. */
  now(): void {
    this.#end?.();
  }
}
