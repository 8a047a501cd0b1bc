import { CliError, EXIT_CODE } from "./cli-error.ts";
import type { ClientConfig } from "./client-config.ts";

/** Sends a request to the running server. @throws CliError with the server's own message, or how to reach a server */
export async function callServer(config: ClientConfig, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (config.token !== null) headers.set("Authorization", `Bearer ${config.token}`);
  let response: Response;
  try {
    response = await fetch(config.url + path, { ...init, headers });
  } catch (cause) {
    throw new CliError(
      `No Spancost server answers at ${config.url}. Start one with "spancost up", or name one with --url or SPANCOST_URL.`,
      EXIT_CODE.unreachable,
      { cause },
    );
  }
  if (response.ok) return response;
  throw new CliError(await readMessage(response));
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
