import { readFileSync } from "node:fs";
import type { CallTableRow } from "./expected-rows.ts";

/** Lines of the table under "Tested versions": SDK, version, its APIs, what it sends with. */
type TestedVersion = readonly [sdk: string, version: string, apis: string, transport: string];

const SECTION = /^## Tested versions\n([^]*?)(?=^## |$(?![^]))/m;
const LINES_OF_HEAD = 2;

/** What a README says is tested. */
export function readTestedVersions(readme: URL): TestedVersion[] {
  const section = SECTION.exec(readFileSync(readme, "utf8"))?.[1] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(LINES_OF_HEAD).map((line) => {
    const [, sdk = "", version = "", apis = "", transport = ""] = line.split("|").map((cell) => cell.trim());
    return [sdk.replaceAll("`", ""), version, apis, transport.replaceAll("`", "")];
  });
}

/** What the rows of a table test, a line a version. */
export function toTestedVersions(rows: readonly CallTableRow[]): TestedVersion[] {
  const versions = new Map<string, CallTableRow[]>();
  for (const row of rows) {
    const key = `${row.sdk} ${row.version}`;
    versions.set(key, [...(versions.get(key) ?? []), row]);
  }
  return [...versions.values()].flatMap((ofVersion) => {
    const [first] = ofVersion;
    const apis = ofVersion.map(({ api }) => api).join(", ");
    return first === undefined ? [] : [[first.sdk, first.version, apis, first.transport] as const];
  });
}
