import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const PACKAGE = new URL("../../", import.meta.url).pathname;
const DOCUMENT = readFileSync(new URL("../../../../docs/attribution.md", import.meta.url), "utf8");
/** What every app has before it uses attribution; the page is about what comes after. */
const SETUP = `import { context as _context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager as _Manager } from "@opentelemetry/context-async-hooks";
_context.setGlobalContextManager(new _Manager().enable());
`;

const examples = [...DOCUMENT.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = ""]) => code);

describe("docs/attribution.md", () => {
  it("has its examples", () => expect(examples).toHaveLength(7));

  it.each(examples.map((code) => [code.split("\n").at(-2), code]))("prints what it says: %s", async (_, code = "") => {
    const said = [...code.matchAll(/\/\/ -> (.*)$/gm)].map(([, text]) => text);
    const args = ["--conditions=@spancost/source", "--no-warnings", "--input-type=module", "-e", SETUP + code];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: PACKAGE });
    expect(stderr).toBe("");
    expect(stdout.split("\n").slice(0, -1)).toEqual(said);
  });
});
