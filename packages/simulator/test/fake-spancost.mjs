// Stands in for the CLI in tests of the demo's own flow: takes OTLP, counts the calls that our instrumentation saw, keeps nothing.
// A data folder named after it chooses another fate: "fail" before it is ready, "die" soon after.
import { createServer } from "node:http";
import { text as readText } from "node:stream/consumers";

const OURS = "@spancost/instrumentation-";
const [command, ...args] = process.argv.slice(2);
const [, fate] = /--data \S*\b(fail|die)\b/.exec(process.argv.join(" ")) ?? [];
if (command === "up") await up();
else console.log(`fake ${command} ${args.slice(0, 2).join(" ")}`);

async function up() {
  if (fate === "fail") {
    console.error("the port is on fire");
    process.exit(3);
  }
  let calls = 0;
  const server = createServer((request, response) => {
    void readText(request).then((body) => {
      const isExport = request.url === "/v1/traces";
      if (isExport) calls += countCalls(JSON.parse(body));
      response.writeHead(200, { "content-type": "application/json" });
      response.end(isExport ? "{}" : JSON.stringify({ rows: [{ tenant: "all", calls }] }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.on("SIGTERM", () => process.exit(0));
  for (const name of ["api", "otlp", "sql"]) console.log(`spancost: ${name} http://127.0.0.1:${server.address().port}`);
  console.log("spancost: ready");
  if (fate === "die") setTimeout(() => process.exit(4), 20);
}

function countCalls({ resourceSpans }) {
  const scopes = resourceSpans
    .flatMap((resource) => resource.scopeSpans)
    .filter(({ scope }) => scope.name.startsWith(OURS));
  return scopes.flatMap((scope) => scope.spans).length;
}
