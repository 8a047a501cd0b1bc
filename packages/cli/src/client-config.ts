/** Where the running server is, and how to show oneself there. */
export interface ClientConfig {
  readonly url: string;
  readonly token: string | null;
}

/** The variables that commands read; the server's are read by `loadConfig` of the server. */
export interface Environment {
  readonly SPANCOST_URL?: string | undefined;
  readonly SPANCOST_TOKEN?: string | undefined;
  readonly SPANCOST_ADMIN_TOKEN?: string | undefined;
}

const DEFAULT_URL = "http://127.0.0.1:4400";

/** Settings of commands that talk to a running server: flag, then environment, then default. Pure. */
export function loadClientConfig(environment: Environment, flags: { readonly url?: string }): ClientConfig {
  return {
    url: (flags.url ?? environment.SPANCOST_URL ?? DEFAULT_URL).replace(/\/+$/, ""),
    token: environment.SPANCOST_TOKEN ?? null,
  };
}
