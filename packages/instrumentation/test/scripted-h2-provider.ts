import {
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  createSecureServer,
  createServer,
} from "node:http2";
import type { AddressInfo } from "node:net";

export type H2Answer = (stream: ServerHttp2Stream, body: string) => unknown;

/** A provider on a free loopback port that speaks HTTP/2 and gives its answers in turn, the last one for ever. */
export async function startH2Provider(certificate?: { readonly cert: string; readonly key: string }) {
  let answers: H2Answer[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2Server = certificate === undefined ? createServer() : createSecureServer(certificate);
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream) => {
    let body = "";
    stream.on("error", () => {});
    stream.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    stream.on("end", () => {
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === undefined) stream.respond({ ":status": 501 }, { endStream: true });
      else answer(stream, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    script: (...next: H2Answer[]) => void (answers = next),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

export function h2Json(body: unknown, status = 200, headers: Record<string, string> = {}): H2Answer {
  return (stream) => {
    stream.respond({ ":status": status, "content-type": "application/json", ...headers });
    stream.end(JSON.stringify(body));
  };
}

/** Sends the pieces one by one; `end: false` leaves the stream open. */
export function h2Sse(pieces: readonly string[], options: { end?: boolean } = {}): H2Answer {
  return async (stream) => {
    stream.respond({ ":status": 200, "content-type": "text/event-stream" });
    for (const piece of pieces) {
      if (stream.destroyed) return;
      stream.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (options.end !== false) stream.end();
  };
}
