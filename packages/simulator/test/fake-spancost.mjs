// Stands in for the CLI in tests of the demo's process handling; arguments as the CLI takes them. FAKE_SPANCOST chooses a fate.
const [command] = process.argv.slice(2);
if (command === "up") {
  if (process.env.FAKE_SPANCOST === "fail") {
    console.error("the port is on fire");
    process.exit(3);
  }
  process.on("SIGTERM", () => process.exit(0));
  for (const name of ["api", "otlp", "sql"]) console.log(`spancost: ${name} http://127.0.0.1:1/${name}`);
  console.log("spancost: ready");
  if (process.env.FAKE_SPANCOST === "die") setTimeout(() => process.exit(4), 20);
  else setInterval(() => {}, 1_000);
}
