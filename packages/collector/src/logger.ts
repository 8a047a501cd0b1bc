/** What a line of the log says beside its message: names and figures, never a secret and never what a span carries. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where this package reports what an operator should know; pino's loggers are such. */
export interface Logger {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
