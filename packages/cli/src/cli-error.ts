/** What ends a command, as its exit code. */
export const EXIT_CODE = { failed: 1, usage: 2, unreachable: 3 } as const;

/** An error whose message is for the person at the terminal. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_CODE.failed, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}
