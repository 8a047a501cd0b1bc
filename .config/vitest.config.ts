import { defineConfig } from "vitest/config";

// Tests run on the sources: the condition makes workspace packages resolve to `src`.
const SOURCE_CONDITION = "@spancost/source";

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  ssr: { resolve: { conditions: [SOURCE_CONDITION, "node"] } },
  resolve: { conditions: [SOURCE_CONDITION, "node"] },
  test: {
    include: ["packages/*/test/**/*.test.ts", ".config/checks/**/*.test.ts"],
    exclude: ["**/*.nightly.test.ts", "**/node_modules/**"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    server: { deps: { inline: [/@spancost\//] } },
  },
});
