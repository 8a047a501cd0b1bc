/** Tells the operator at once what is wrong with the set-up: before an app's own logger exists, and whatever its level. */
export function warn(message: string, error?: unknown): void {
  if (error === undefined) console.warn(`spancost: ${message}`);
  else console.warn(`spancost: ${message}:`, error);
}
