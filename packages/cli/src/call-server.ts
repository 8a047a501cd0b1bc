import { Agent, fetch, type RequestInit, type Response } from "undici";
import { CliError, EXIT_CODE } from "./cli-error.ts";
import type { ClientConfig } from "./client-config.ts";

/** Erasing and repricing take as long as there are rows, and are answered at their end: only to connect has a limit. */
const patient = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** What says that nobody was reached. */
const NOBODY = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/**
 * Sends a request to the running server, and waits for its answer however long that takes.
 * @throws CliError with the server's own message, or how to reach a server
 */
export async function callServer(config: ClientConfig, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string> | undefined) };
  if (config.token !== null) headers["Authorization"] = `Bearer ${config.token}`;
  let response: Response;
  try {
    response = await fetch(config.url + path, { ...init, headers, dispatcher: patient });
  } catch (error) {
    throw new CliError(describe(error, config.url), EXIT_CODE.unreachable, { cause: error });
  }
  if (response.ok) return response;
  throw new CliError(await readMessage(response));
}

function describe(error: unknown, url: string): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const { code, message } = (cause ?? error) as { readonly code?: string; readonly message?: string };
  if (code !== undefined && NOBODY.has(code)) {
    return `No Spancost server answers at ${url}. Start one with "spancost up", or name one with --url or SPANCOST_URL.`;
  }
  return `The request to ${url} ended without an answer: ${message ?? String(error)}. Look whether that is a Spancost server and whether it runs, then ask again.`;
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
