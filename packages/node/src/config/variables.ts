/** The environment variable of a setting: `propagateTo` is `SPANCOST_PROPAGATE_TO`. */
export function toVariable(name: string): string {
  return `SPANCOST_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
