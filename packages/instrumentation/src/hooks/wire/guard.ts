import { diag } from "@opentelemetry/api";

/** Runs a piece of observation in the app's call; what goes wrong in it is logged and goes no further. */
export function observeSafely(where: string, observe: () => void): void {
  try {
    observe();
  } catch (error) {
    diag.error(`spancost: ${where} failed; the app's call is not affected`, error);
  }
}
