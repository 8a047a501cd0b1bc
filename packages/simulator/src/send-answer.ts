import { setTimeout as sleep } from "node:timers/promises";

import { compressPieces } from "./compress-pieces.ts";
import { type AnyResponse, cutResponse, isClosed, waitForEnd, writeHead, writePiece } from "./http-exchange.ts";
import type { WireAnswer, WireContent } from "./wire/wire-call.ts";

/** How an answer goes out. */
export interface SendOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Pause before a body or between two frames, in milliseconds. */
  readonly delayMs: number;
  /** End the exchange halfway. */
  readonly cut: boolean;
  readonly gzip: boolean;
}

type Piece = string | Uint8Array;

/** Sends one JSON body. */
export function sendJson(
  response: AnyResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  writeHead(response, status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Sends an answer and tells whether the client got all of it. */
export async function sendAnswer(
  response: AnyResponse,
  answer: WireAnswer,
  options: SendOptions,
): Promise<"complete" | "cut"> {
  const ended = waitForEnd(response);
  const { content, headers = {} } = answer;
  const plain = toPieces(content);
  const pieces = options.gzip ? await compressPieces(plain) : plain;
  const [only] = pieces;
  const whole =
    content.kind === "events" || only === undefined ? {} : { "content-length": `${Buffer.byteLength(only)}` };
  if (content.kind !== "events") await pause(options.delayMs);
  writeHead(response, 200, {
    "content-type": toContentType(content),
    ...whole,
    ...(options.gzip ? { "content-encoding": "gzip" } : {}),
    ...options.headers,
    ...headers,
  });
  await writePieces(response, options.cut ? toFirstHalf(pieces) : pieces, options.delayMs);
  if (options.cut) cutResponse(response);
  else response.end();
  return await ended;
}

function toPieces(content: WireContent): readonly Piece[] {
  if (content.kind === "json") return [JSON.stringify(content.body)];
  return content.kind === "bytes" ? [content.bytes] : content.frames;
}

function toContentType(content: WireContent): string {
  if (content.kind === "json") return "application/json";
  return content.contentType ?? "text/event-stream; charset=utf-8";
}

async function writePieces(response: AnyResponse, pieces: readonly Piece[], delayMs: number): Promise<void> {
  for (const piece of pieces) {
    if (isClosed(response)) return;
    await writePiece(response, piece);
    await pause(delayMs);
  }
}

/** Most frames that go out before a cut: a frame more at the end, such as one of usage, must not move it. */
const MAX_FRAMES_BEFORE_CUT = 3;

/** The first frames, half of them at the most, or half of the only one. */
function toFirstHalf(pieces: readonly Piece[]): readonly Piece[] {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return [only.slice(0, Math.floor(only.length / 2))];
  return pieces.slice(0, Math.min(Math.floor(pieces.length / 2), MAX_FRAMES_BEFORE_CUT));
}

async function pause(delayMs: number): Promise<void> {
  if (delayMs > 0) await sleep(delayMs);
}
