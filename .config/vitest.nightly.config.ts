import base from "./vitest.config.ts";

// What is too long for a pull request: the same setup, other files.
export default {
  ...base,
  test: { ...base.test, include: ["packages/*/test/**/*.nightly.test.ts"], exclude: ["**/node_modules/**"] },
};
