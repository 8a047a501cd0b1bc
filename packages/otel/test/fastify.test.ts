import { Readable } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { attribution } from "../src/fastify.ts";
import { running } from "./middleware-client.ts";
import { describeMiddleware } from "./middleware-contract.ts";
import { type ContractApp, describeBody, readByListeners, toWebStream } from "./middleware-suite.ts";

const KINDS = [
  ["fastify", "preHandler", (chunks: AsyncIterable<string>) => Readable.from(chunks)],
  ["fastify, resolved at once", "onRequest", (chunks: AsyncIterable<string>) => toWebStream(chunks)],
] as const;

function addRoutes(app: FastifyInstance, handle: ContractApp["handle"], toBody: (typeof KINDS)[number][2]): void {
  app.addContentTypeParser("application/octet-stream", (_request, _payload, done) => done(null));
  app.get("/", async (_request, reply) => reply.send(toBody(await handle())));
  app.post("/listen", (request) => readByListeners(request.raw));
  app.post("/parse", (request, reply) => void reply.send(describeBody(request.body)));
}

for (const [name, resolveIn, toBody] of KINDS) {
  describeMiddleware({
    name,
    start: async ({ resolve, options, handle }) => {
      const app = Fastify({ bodyLimit: 1_000_000, forceCloseConnections: true });
      const resolveRequest =
        resolve && (({ headers }: FastifyRequest) => resolve(headers["x-tenant"] as string | undefined));
      await app.register(attribution(resolveRequest, { ...options, resolveIn }));
      // A plugin of its own scope, which hooks reach only from an instance around it.
      await app.register(async (inner) => addRoutes(inner, handle, toBody));
      await app.listen({ host: "127.0.0.1", port: 0 });
      return running(app.server, () => app.close());
    },
  });
}
