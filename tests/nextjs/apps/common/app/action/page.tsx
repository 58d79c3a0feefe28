import { redirect } from "next/navigation";

export default function Page() {
  async function greet(form: FormData) {
    "use server";
    redirect(`/?greeted=${form.get("name")}`);
  }
  return (
    <form action={greet}>
      <input name="name" />
      <button>build one</button>
    </form>
  );
}
