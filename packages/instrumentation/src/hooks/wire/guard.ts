import { diag } from "@opentelemetry/api";

/** Runs a piece of observation in the app's call; what goes wrong in it is logged and goes no further. */
export function observeSafely(where: string, observe: () => void): void {
  try {
    observe();
  } catch (error) {
    reportFailure(where, error);
  }
}

/** Logs what went wrong in here. */
export function reportFailure(where: string, error: unknown): void {
  diag.error(`spancost: ${where} failed; the app's call is not affected`, error);
}
