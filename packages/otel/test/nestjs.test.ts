import "reflect-metadata";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { Controller, type ExecutionContext, Get, Module, Post, Req, Sse, StreamableFile } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter, type NestExpressApplication } from "@nestjs/platform-express";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import { Observable } from "rxjs";
import { expect, it } from "vitest";
import { attribution } from "../src/nestjs.ts";
import { ask, running } from "./middleware-client.ts";
import { describeMiddleware } from "./middleware-contract.ts";
import { type ContractApp, describeBody, readByListeners, tenant } from "./middleware-suite.ts";

/** What both platforms give a handler as its request. */
interface PlatformRequest {
  readonly headers: Record<string, string | undefined>;
  readonly raw?: IncomingMessage;
  readonly body?: unknown;
}

/** A controller; decorators are called by hand, because the tests run without a compiler that knows them. */
function createModule(handle: ContractApp["handle"]): new () => object {
  class Routes {
    async stream(): Promise<StreamableFile> {
      return new StreamableFile(Readable.from(await handle()), { type: "text/plain" });
    }
    listen(request: PlatformRequest): Promise<string> {
      return readByListeners(request.raw ?? (request as unknown as IncomingMessage));
    }
    parse(request: PlatformRequest): string {
      return describeBody(request.body);
    }
  }
  const decorate = (decorator: MethodDecorator, name: keyof Routes): void => {
    decorator(Routes.prototype, name, Object.getOwnPropertyDescriptor(Routes.prototype, name) ?? {});
    if (name !== "stream") Req()(Routes.prototype, name, 0);
  };
  decorate(Get("/"), "stream");
  decorate(Post("/listen"), "listen");
  decorate(Post("/parse"), "parse");
  Controller()(Routes);
  class App {
    readonly controller = Routes;
  }
  Module({ controllers: [Routes] })(App);
  return App;
}

const intercept = ({ resolve, options }: ContractApp) =>
  attribution(
    resolve &&
      ((execution: ExecutionContext) =>
        resolve(execution.switchToHttp().getRequest<PlatformRequest>().headers["x-tenant"])),
    options,
  );

describeMiddleware({
  name: "nestjs on Express",
  start: async (served) => {
    const app = await NestFactory.create<NestExpressApplication>(createModule(served.handle), new ExpressAdapter(), {
      logger: false,
    });
    app.useBodyParser("json", { limit: "1mb" });
    app.useGlobalInterceptors(intercept(served));
    await app.listen(0, "127.0.0.1");
    return running(app.getHttpServer(), () => app.close());
  },
});

describeMiddleware({
  name: "nestjs on Fastify",
  start: async (served) => {
    const platform = new FastifyAdapter({ bodyLimit: 1_000_000, forceCloseConnections: true });
    platform.getInstance().addContentTypeParser("application/octet-stream", (_request, _payload, done) => done(null));
    const app = await NestFactory.create<NestFastifyApplication>(createModule(served.handle), platform, {
      logger: false,
    });
    app.useGlobalInterceptors(intercept(served));
    await app.listen(0, "127.0.0.1");
    return running(app.getHttpServer(), () => app.close());
  },
});

/** Says in three events whose request it is, each time in a timer of its own. */
function sayTenant(): Observable<{ data: string }> {
  return new Observable((subscriber) => {
    const timers = [0, 5, 10].map((delayMs) => setTimeout(() => subscriber.next({ data: tenant() }), delayMs));
    timers.push(setTimeout(() => subscriber.complete(), 20));
    return () => timers.forEach(clearTimeout);
  });
}

function createEventsModule(): new () => object {
  class Events {
    events(): Observable<{ data: string }> {
      return sayTenant();
    }
  }
  Sse("/")(Events.prototype, "events", Object.getOwnPropertyDescriptor(Events.prototype, "events") ?? {});
  Controller()(Events);
  class App {
    readonly controller = Events;
  }
  Module({ controllers: [Events] })(App);
  return App;
}

it.each([
  ["Express", () => new ExpressAdapter()],
  ["Fastify", () => new FastifyAdapter({ forceCloseConnections: true })],
])(
  "nestjs on %s: resolves whom a guard has authenticated, and keeps it in an Observable",
  async (_, createPlatform) => {
    const users = new WeakMap<object, string>();
    const app = await NestFactory.create(createEventsModule(), createPlatform(), { logger: false });
    app.useGlobalGuards({
      canActivate: async (execution: ExecutionContext) => {
        const request = execution.switchToHttp().getRequest<PlatformRequest>();
        users.set(request, `user of ${request.headers["x-tenant"]}`);
        return true;
      },
    });
    app.useGlobalInterceptors(
      attribution((execution: ExecutionContext) => ({ tenantId: users.get(execution.switchToHttp().getRequest()) })),
    );
    await app.listen(0, "127.0.0.1");
    const server = await running(app.getHttpServer(), () => app.close());
    const ids = Array.from({ length: 20 }, (__, index) => String(index));
    const answers = await Promise.all(ids.map((id) => ask(server.port, { tenant: id })));
    await server.close();
    const events = answers.map(({ body }) => [...body.matchAll(/^data: (.*)$/gm)].map(([, data]) => data));
    expect(events).toEqual(ids.map((id) => Array.from({ length: 3 }, () => `user of ${id}`)));
  },
);
