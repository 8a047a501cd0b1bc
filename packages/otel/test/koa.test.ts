import { createServer } from "node:http";
import { Readable } from "node:stream";
import { bodyParser } from "@koa/bodyparser";
import Koa from "koa";
import { attribution } from "../src/koa.ts";
import { running } from "./middleware-client.ts";
import { describeMiddleware } from "./middleware-contract.ts";
import { describeBody, readByListeners, toWebStream } from "./middleware-suite.ts";

/** What Koa can answer with and reads later. */
const BODIES = [
  ["koa, streams of Node", (chunks: AsyncIterable<string>) => Readable.from(chunks)],
  ["koa, streams of the Fetch standard", (chunks: AsyncIterable<string>) => toWebStream(chunks)],
  ["koa, responses", (chunks: AsyncIterable<string>) => new Response(toWebStream(chunks))],
] as const;

for (const [name, toBody] of BODIES) {
  describeMiddleware({
    name,
    start: async ({ resolve, options, handle }) => {
      const app = new Koa();
      app.silent = true;
      app.use(attribution(resolve && ((ctx: Koa.Context) => resolve(ctx.get("x-tenant") || undefined)), options));
      app.use(bodyParser({ jsonLimit: "1mb" }));
      app.use(async (ctx) => {
        if (ctx.path === "/listen") ctx.body = await readByListeners(ctx.req);
        else if (ctx.path === "/parse") ctx.body = describeBody((ctx.request as { body?: unknown }).body);
        else ctx.body = toBody(await handle());
      });
      const listener = app.callback();
      return running(createServer((request, response) => void listener(request, response)).listen(0, "127.0.0.1"));
    },
  });
}
