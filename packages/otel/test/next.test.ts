import { createServer, type IncomingMessage } from "node:http";
import { Readable, pipeline } from "node:stream";
import { attribution } from "../src/next.ts";
import { running } from "./middleware-client.ts";
import { describeMiddleware } from "./middleware-contract.ts";
import { describeBody, tenant, toWebStream } from "./middleware-suite.ts";

/** Reads a body in the way nearest to a listener that the Fetch standard has. */
async function readByReader(request: Request): Promise<string> {
  const seen = new Set<string>();
  let sizeBytes = 0;
  for await (const chunk of request.body ?? []) {
    sizeBytes += (chunk as Uint8Array).length;
    seen.add(tenant());
  }
  return `${[...seen, tenant()].at(0)} ${sizeBytes} ${seen.size > 1}`;
}

function toRequest(incoming: IncomingMessage): Request {
  const headers = new Headers(incoming.headers as Record<string, string>);
  const url = `http://localhost${incoming.url}`;
  if (incoming.method !== "POST") return new Request(url, { headers });
  const init = { method: "POST", headers, body: Readable.toWeb(incoming) as BodyInit, duplex: "half" };
  return new Request(url, init);
}

// The wrapper around handlers of the Fetch standard, behind a small server that pulls bodies as Next does; Next itself is in next.nightly.test.ts.
describeMiddleware({
  name: "next",
  seesPeers: false,
  start: async ({ resolve, options, handle }) => {
    const wrap = attribution(
      resolve && ((request: Request) => resolve(request.headers.get("x-tenant") ?? undefined)),
      options,
    );
    const routes: Record<string, (request: Request) => Promise<Response>> = {
      "/": wrap(async () => new Response(toWebStream(await handle()))),
      "/listen": wrap(async (request) => new Response(await readByReader(request))),
      "/parse": wrap(async (request) => new Response(describeBody(await request.json()))),
    };
    const server = createServer((incoming, outgoing) => {
      Promise.resolve(routes[incoming.url ?? ""]?.(toRequest(incoming)))
        .then((response) => pipeline(Readable.fromWeb(response?.body as never), outgoing, () => undefined))
        .catch(() => outgoing.writeHead(500).end());
    });
    return running(server.listen(0, "127.0.0.1"));
  },
});
