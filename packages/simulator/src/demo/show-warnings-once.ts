/** Prints each warning only the first time: an SDK that warns about a model's retirement does so at every call. */
export function showWarningsOnce(target: Pick<Console, "warn">): void {
  const shown = new Set<string>();
  const warn = target.warn.bind(target);
  target.warn = (...parts: unknown[]): void => {
    const key = parts.map(String).join(" ");
    if (shown.has(key)) return;
    shown.add(key);
    warn(...parts);
  };
}
