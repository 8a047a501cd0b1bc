import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import express from "express";
import { afterEach, beforeAll, expect, it } from "vitest";
import { attribution } from "../src/express.ts";
import { AttributionPropagator, getOtelCounters } from "../src/index.ts";
import { attribution as wrapListener } from "../src/node-http.ts";
import { ask, type RunningServer, running } from "./middleware-client.ts";
import { tenant } from "./middleware-suite.ts";

let server: RunningServer | undefined;
const UNSIGNED = { baggage: "tenant_id=victim" };
const LOOPBACK = { trustedPeers: ["127.0.0.1"] };

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new AttributionPropagator());
});
afterEach(() => server?.close());

it("takes in what a request came with once: a second middleware keeps what the first one resolved", async () => {
  const app = express();
  app.use(
    attribution(() => ({ tenantId: "globex", feature: "app" }), LOOPBACK),
    attribution(() => ({ feature: "route" }), LOOPBACK),
  );
  app.get("/", (_request, response) => void response.end(tenant()));
  server = await running(app.listen(0, "127.0.0.1"));
  const before = getOtelCounters().claim_unsigned;
  expect((await ask(server.port, { headers: UNSIGNED })).body).toBe("globex");
  expect(getOtelCounters().claim_unsigned).toBe(before + 1);
});

it("does not read headers again that an instrumentation has read, also where no SDK makes spans for it", async () => {
  const listener = wrapListener(
    undefined,
    LOOPBACK,
  )((_request: IncomingMessage, response: ServerResponse) => {
    response.end(tenant());
  });
  server = await running(
    createServer((request, response) => {
      const extracted = propagation.extract(ROOT_CONTEXT, request.headers);
      context.with(extracted, () => void listener(request, response));
    }).listen(0, "127.0.0.1"),
  );
  const before = getOtelCounters().claim_unsigned;
  expect((await ask(server.port, { headers: UNSIGNED })).body).toBe("victim");
  expect(getOtelCounters().claim_unsigned).toBe(before + 1);
});

it("never believes a stranger's claim for the requests of a server that was started while it was served", async () => {
  let inner: RunningServer | undefined;
  const start = async (response: ServerResponse) => {
    const listener = wrapListener(
      undefined,
      LOOPBACK,
    )((_request: IncomingMessage, answer: ServerResponse) => void answer.end(tenant()));
    inner = await running(createServer((request, answer) => void listener(request, answer)).listen(0, "127.0.0.1"));
    response.end();
  };
  const outer = wrapListener()((_request: IncomingMessage, response: ServerResponse) => void start(response));
  server = await running(createServer((request, response) => void outer(request, response)).listen(0, "127.0.0.1"));
  await ask(server.port, { headers: UNSIGNED });
  const payer = (await ask(inner?.port ?? 0, {})).body;
  await inner?.close();
  expect(payer).toBe("undefined");
});
