"use server";

import { attribution } from "@spancost/otel/next";
import { getAttribution } from "@spancost/otel";
import { cookies, headers } from "next/headers";

const attributed = attribution(async () => ({ tenantId: (await headers()).get("x-tenant") }));

export const say = attributed(async (form) => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  (await cookies()).set("said", `${form.get("word")} of ${getAttribution().tenantId}`);
});
