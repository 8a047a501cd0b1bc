export { register, type RegisterOptions, type Registration } from "./start.ts";
