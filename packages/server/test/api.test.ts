import { type PublicSql, type Store, StoreError } from "@spancost/clickhouse";
import { expect, it } from "vitest";
import { createApi } from "../src/http/api.ts";

it.each([
  ["a mistake of ours is said to be one", new TypeError("x is undefined"), 500, "internal"],
  ["a connection that breaks is the database's", new Error("socket hang up"), 503, "database-away"],
  [
    "a question that cannot be is the caller's",
    new StoreError("query-refused", "no such dimension"),
    400,
    "query-refused",
  ],
])("%s", async (_name, failure, status, code) => {
  const fail = () => Promise.reject(failure);
  const api = createApi({
    store: {} as Store,
    publicSql: {} as PublicSql,
    authorize: () => true,
    authorizeAdmin: () => true,
    reprice: fail,
    erase: fail,
    renderMetrics: fail,
  });
  const response = await api.request("/api/v1/reprice", { method: "POST", body: "{}" }, { incoming: {} });
  expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
});
