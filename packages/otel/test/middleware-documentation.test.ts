import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const PACKAGE = new URL("../", import.meta.url).pathname;
const DOCUMENT = readFileSync(new URL("../../../docs/middleware.md", import.meta.url), "utf8");
/** What every app has before it uses a middleware. */
const SETUP = `import "reflect-metadata";
import { context as _context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager as _Manager } from "@opentelemetry/context-async-hooks";
import { createServer as _createServer } from "node:http";
import { once as _once } from "node:events";
import { serve as _serve } from "@hono/node-server";
import { Controller as _Controller, Module as _Module, Post as _Post } from "@nestjs/common";
import { getAttribution as _getAttribution } from "@spancost/otel";
_context.setGlobalContextManager(new _Manager().enable());
const findUser = async (headers) =>
  (headers.get?.("cookie") ?? headers.cookie) === "ann" ? { id: "ann", tenant: "acme" } : undefined;
const AppModule = class { routes = _Routes };
class _Routes { handle() { console.log(_getAttribution().tenantId); return ""; } }
_Post("/")(_Routes.prototype, "handle", Object.getOwnPropertyDescriptor(_Routes.prototype, "handle"));
_Controller()(_Routes);
_Module({ controllers: [_Routes] })(AppModule);
const _message = { method: "POST", headers: { cookie: "ann", "content-type": "application/json" }, body: '{"text":"hello"}' };
const _send = async (_server) => {
  if (!_server.listening) await _once(_server, "listening");
  const { status } = await fetch("http://127.0.0.1:" + _server.address().port, _message);
  if (status >= 300) console.log(status);
  process.exit();
};
`;
/** How each example's app is started and sent one request. */
const SENDERS: Readonly<Record<string, string>> = {
  "Express 4 and 5": "await _send(app.listen(0, '127.0.0.1'));",
  "Fastify 4 and 5": "await app.listen({ host: '127.0.0.1', port: 0 }); await _send(app.server);",
  Koa: "await _send(_createServer(app.callback()).listen(0, '127.0.0.1'));",
  Hono: "await _send(_serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }));",
  NestJS: "app.useLogger(false); await app.listen(0, '127.0.0.1'); await _send(app.getHttpServer());",
  "Next.js": "await POST(new Request('http://127.0.0.1/', _message), { params: Promise.resolve({ id: 7 }) });",
  "node:http": "await _send(server.listen(0, '127.0.0.1'));",
};

const examples = [...DOCUMENT.matchAll(/^## ([^\n]+)\n\n```js\n(.*?)^```$/gms)].map(
  ([, name = "", code = ""]) => [name, code] as const,
);

describe("docs/middleware.md", () => {
  it("has an example for each framework", () => {
    expect(examples.map(([name]) => name)).toEqual(Object.keys(SENDERS));
  });

  it.each(examples)("prints what it says: %s", async (name, code) => {
    const said = [...code.matchAll(/\/\/ -> (.*)$/gm)].map(([, text]) => text);
    expect(said).toHaveLength(1);
    const script = `${SETUP}${code}${SENDERS[name]}`;
    const args = ["--conditions=@spancost/source", "--no-warnings", "--input-type=module", "-e", script];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      cwd: PACKAGE,
      env: { ...process.env, NO_COLOR: "1" },
    });
    expect(stderr).toBe("");
    expect(stdout.split("\n").filter((line) => line !== "" && !line.includes("[Nest]"))).toEqual(said);
  });
});
