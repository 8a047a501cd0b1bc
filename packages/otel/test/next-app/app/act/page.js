import { say } from "./actions.js";

export const dynamic = "force-dynamic";

export default function Page() {
  return (
    <form action={say}>
      <input name="word" />
    </form>
  );
}
