/** `node --import @spancost/node/register app.js`: sets everything up from the environment. */
import { register } from "./start.ts";

register();
