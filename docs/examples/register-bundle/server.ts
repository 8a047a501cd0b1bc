import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { env } from "node:process";

/** What a framework does: `register` first, then the routes, each a bundle of its own. */
async function main(): Promise<void> {
  const { register } = await import("./instrumentation.ts");
  await register();
  const { POST } = await import("./route.ts");
  const server = createServer((incoming, outgoing) => {
    const { authorization = "" } = incoming.headers;
    const request = new Request("http://localhost/", { method: "POST", headers: { authorization } });
    POST(request)
      .then((response) => response.text())
      .then(
        (text) => outgoing.end(text),
        (error: unknown) => outgoing.writeHead(500).end(String(error)),
      );
  });
  server.listen(Number(env["PORT"] ?? 3000), "127.0.0.1", () => {
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
