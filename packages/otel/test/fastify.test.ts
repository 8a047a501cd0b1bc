import { createRequire } from "node:module";
import { Readable } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { expect, it } from "vitest";
import { getAttribution, setAttribution } from "../src/index.ts";
import { attribution } from "../src/fastify.ts";
import { ask, running } from "./middleware-client.ts";
import { describeMiddleware } from "./middleware-contract.ts";
import { type ContractApp, describeBody, readByListeners, tenant, toWebStream } from "./middleware-suite.ts";

const require = createRequire(import.meta.url);
const KINDS = [
  ["fastify 5", "preHandler", (chunks: AsyncIterable<string>) => Readable.from(chunks)],
  ["fastify 5, resolved at once", "onRequest", (chunks: AsyncIterable<string>) => toWebStream(chunks)],
] as const;

function addRoutes(app: FastifyInstance, handle: ContractApp["handle"], toBody: (typeof KINDS)[number][2]): void {
  app.addContentTypeParser("application/octet-stream", (_request, _payload, done) => done(null));
  app.get("/", async (_request, reply) => reply.send(toBody(await handle())));
  app.post("/listen", (request) => readByListeners(request.raw));
  app.post("/parse", (request, reply) => void reply.send(describeBody(request.body)));
}

/** Fastify 4 has types of its own; what is used here is the same. */
const FASTIFY_4 = require("fastify-4") as typeof Fastify;
const VERSIONS = [
  ...KINDS.map((kind) => [...kind, Fastify] as const),
  ["fastify 4", "preHandler", KINDS[0][2], FASTIFY_4] as const,
];

for (const [name, resolveIn, toBody, create] of VERSIONS) {
  describeMiddleware({
    name,
    start: async ({ resolve, options, handle }) => {
      const app = create({ bodyLimit: 1_000_000, forceCloseConnections: true });
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

/** Answers all that wait in one timer, so in the context of whoever came first: as a pool of connections to a session store may. */
function waitInBatches(): (done: () => void) => void {
  const waiting: (() => void)[] = [];
  setInterval(() => waiting.splice(0).forEach((run) => run()), 5).unref();
  return (done) => void waiting.push(done);
}

it.each(["onRequest", "preHandler"] as const)(
  "fastify: what is known of a request holds behind a hook that ends in another context, resolved in %s",
  async (resolveIn) => {
    const app = Fastify();
    const wait = waitInBatches();
    await app.register(attribution(() => ({ feature: resolveIn }), { resolveIn }));
    app.addHook("onRequest", async ({ headers }) => setAttribution({ tenantId: headers["x-tenant"] as string }));
    app.addHook("preValidation", (_request, _reply, done) => wait(done));
    app.post("/", (_request, reply) => void reply.send(`${tenant()} ${getAttribution().feature}`));
    await app.listen({ host: "127.0.0.1", port: 0 });
    const server = await running(app.server, () => app.close());
    const ids = Array.from({ length: 20 }, (_, index) => String(index));
    const headers = { "content-type": "application/json" };
    const send = (id: string) => ask(server.port, { method: "POST", tenant: id, headers, body: "{}" });
    const answers = await Promise.all(ids.map(send));
    await server.close();
    expect(answers.map(({ body }) => body)).toEqual(ids.map((id) => `${id} ${resolveIn}`));
  },
);

it("fastify: holds in the instance that registers it and in those within, and in no other", async () => {
  const app = Fastify();
  await app.register(async (inner) => {
    await inner.register(attribution(() => ({ tenantId: "inner" })));
    inner.get("/inner", (_request, reply) => void reply.send(tenant()));
    await inner.register(async (within) => void within.get("/within", (_request, reply) => void reply.send(tenant())));
  });
  app.get("/outer", (_request, reply) => void reply.send(tenant()));
  const bodies = ["/inner", "/within", "/outer"].map(async (url) => (await app.inject({ url })).body);
  expect(await Promise.all(bodies)).toEqual(["inner", "inner", "undefined"]);
  await app.close();
});
