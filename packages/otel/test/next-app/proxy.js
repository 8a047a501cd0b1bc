import { getAttribution } from "@spancost/otel";
import { NextResponse } from "next/server";
import { attributed } from "./attributed.js";

export const proxy = attributed(async () => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  const response = NextResponse.next();
  response.headers.set("x-proxy-tenant", String(getAttribution().tenantId));
  return response;
});
