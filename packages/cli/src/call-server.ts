import { Agent, fetch, type Response } from "undici";
import { CliError, EXIT_CODE } from "./cli-error.ts";
import type { ClientConfig } from "./client-config.ts";

/** What is asked of the server. */
export interface ServerRequest {
  readonly method?: "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Wait for the answer however long it takes, as for a task that goes over a whole ledger. Otherwise five minutes. */
  readonly isLong?: boolean;
}

const patient = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** What says that somebody was reached who did not answer. */
const NO_ANSWER = new Set(["UND_ERR_SOCKET", "UND_ERR_HEADERS_TIMEOUT", "ECONNRESET", "EPIPE"]);

/** Sends a request to the running server. @throws CliError with the server's own message, or how to reach a server */
export async function callServer(config: ClientConfig, path: string, request: ServerRequest = {}): Promise<Response> {
  const { isLong = false, headers, ...rest } = request;
  const token = config.token === null ? {} : { Authorization: `Bearer ${config.token}` };
  const init = { ...rest, headers: { ...headers, ...token }, ...(isLong ? { dispatcher: patient } : {}) };
  let response: Response;
  try {
    response = await fetch(config.url + path, init);
  } catch (error) {
    throw new CliError(describe(error, config.url), EXIT_CODE.unreachable, { cause: error });
  }
  if (response.ok) return response;
  throw new CliError(await readMessage(response));
}

function describe(error: unknown, url: string): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  if (code !== undefined && NO_ANSWER.has(code)) {
    return `The request to ${url} ended without an answer: ${message || code}. Look whether that is a Spancost server and whether it runs, then ask again.`;
  }
  return `No Spancost server answers at ${url}. Start one with "spancost up", or name one with --url or SPANCOST_URL.`;
}

async function readMessage(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string } };
    if (typeof error?.message === "string") return error.message;
  } catch {
    // Not our own error page: its text is all there is.
  }
  return `The server answered ${response.status}: ${text.slice(0, 500)}`;
}
