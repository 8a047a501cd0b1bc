import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import type { WireAnswer } from "./wire/wire-call.ts";

/** How an answer goes out. */
export interface SendOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Pause before a JSON body or between two frames, in milliseconds. */
  readonly delayMs: number;
  /** Destroy the connection halfway. */
  readonly cut: boolean;
}

/** Sends one JSON body. */
export function sendJson(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** Sends an answer and tells whether the client got all of it. */
export async function sendAnswer(
  response: ServerResponse,
  answer: WireAnswer,
  options: SendOptions,
): Promise<"complete" | "cut"> {
  const closed = waitForClose(response);
  const { content } = answer;
  const pieces = content.kind === "json" ? [JSON.stringify(content.body)] : content.frames;
  const contentType = content.kind === "json" ? "application/json" : "text/event-stream; charset=utf-8";
  const length = content.kind === "json" ? { "content-length": Buffer.byteLength(pieces.join("")) } : {};
  if (content.kind === "json") await pause(options.delayMs);
  response.writeHead(200, { "content-type": contentType, ...length, ...options.headers });
  await writePieces(response, options.cut ? toFirstHalf(pieces) : pieces, options.delayMs);
  if (options.cut) response.destroy();
  else response.end();
  await closed;
  return response.writableFinished ? "complete" : "cut";
}

function waitForClose(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.closed) resolve();
    else response.once("close", () => resolve());
  });
}

async function writePieces(response: ServerResponse, pieces: readonly string[], delayMs: number): Promise<void> {
  for (const piece of pieces) {
    if (response.destroyed) return;
    // The callback comes when the bytes are handed on, so a later cut does not take back what was written.
    await new Promise<void>((resolve) => response.write(piece, () => resolve()));
    await pause(delayMs);
  }
}

/** The first half of the frames, or of the only one. */
function toFirstHalf(pieces: readonly string[]): readonly string[] {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return [only.slice(0, Math.floor(only.length / 2))];
  return pieces.slice(0, Math.floor(pieces.length / 2));
}

async function pause(delayMs: number): Promise<void> {
  if (delayMs > 0) await sleep(delayMs);
}
