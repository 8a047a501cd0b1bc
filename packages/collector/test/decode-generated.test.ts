import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { generateOtlp, generatorIsThere } from "../scripts/generate-otlp.ts";
import { file_otlp_trace } from "../src/otlp/generated/otlp-trace_pb.ts";

const GENERATED = fileURLToPath(new URL("../src/otlp/generated/", import.meta.url));

it.skipIf(!generatorIsThere)(
  "the generated decoder is what its .proto generates (skipped without the generator)",
  () => {
    const outDir = mkdtempSync(join(tmpdir(), "spancost-generated-"));
    try {
      generateOtlp(outDir);
      expect(readdirSync(GENERATED)).toEqual(readdirSync(outDir));
      for (const name of readdirSync(outDir)) {
        expect(readFileSync(join(GENERATED, name), "utf8")).toBe(readFileSync(join(outDir, name), "utf8"));
      }
    } finally {
      rmSync(outDir, { recursive: true, force: true });
    }
  },
);

it("no message uses the field number that hides fields from the decoder, or one of two bytes", () => {
  const UNREAD_FIELD = 14;
  const numbers = file_otlp_trace.messages.flatMap(({ fields }) => fields.map(({ number }) => number));
  expect(numbers).not.toContain(UNREAD_FIELD);
  expect(Math.max(...numbers)).toBe(15);
});
