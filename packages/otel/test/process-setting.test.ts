import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { createProcessSetting } from "../src/process-setting.ts";

it("is seen by every copy of the package, each making its own of it, and only when it changes", () => {
  const name = randomUUID();
  let compiled = 0;
  const compile = (given: { readonly key: string }) => ({ key: given.key, nr: (compiled += 1) });
  const [one, other] = [createProcessSetting(name, compile), createProcessSetting(name, compile)];
  expect([one.get(), other.get()]).toEqual([undefined, undefined]);
  one.set({ key: "a" });
  expect([one.get(), one.get(), other.get()]).toEqual([
    { key: "a", nr: 1 },
    { key: "a", nr: 1 },
    { key: "a", nr: 2 },
  ]);
  other.set({ key: "b" });
  expect(one.get()?.key).toBe("b");
  one.set(undefined);
  expect([one.get(), other.get()]).toEqual([undefined, undefined]);
});
