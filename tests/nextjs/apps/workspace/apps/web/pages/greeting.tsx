import { greeting } from "greeting";

export function getServerSideProps() {
  return { props: { at: new Date().toISOString() } };
}

export default function Greeting({ at }: { at: string }) {
  return (
    <p>
      {greeting} at {at}
    </p>
  );
}
