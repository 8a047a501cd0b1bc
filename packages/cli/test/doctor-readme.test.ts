import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CHECK_SEVERITIES } from "../src/doctor/finding.ts";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const ROW = /^\| `([\w-]+)` \| (\w+) \| (.+?) \| (.+?) \| (.+?) \|$/gm;

it("explains every check of the doctor, with its severity, in the README", () => {
  const rows = Array.from(README.matchAll(ROW), ([, check, severity]) => [check, severity]);
  expect(rows).toEqual(Object.entries(CHECK_SEVERITIES));
});

it("is named in the README's list of commands", () => {
  expect(README).toMatch(/^The `spancost` command: .*`doctor`/m);
});
