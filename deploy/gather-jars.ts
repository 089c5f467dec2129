/** `npm run jars`: the programs of a Kafka broker and a schema registry, for the tests; once per machine. */
import { gatherJars, hasJars } from "./kafka/broker-jars.ts";
import { gatherRegistry, hasRegistry } from "./schema-registry/registry-jars.ts";

/** Maven is silent while it works. */
const TELL_EVERY_MS = 5_000;

async function gather(what: string, isThere: () => boolean, fetch: () => Promise<void>): Promise<void> {
  if (isThere()) return;
  process.stderr.write(`${what}: gathering by Maven …\n`);
  const began = Date.now();
  const seconds = (): number => Math.round((Date.now() - began) / 1000);
  const ticking = setInterval(
    () => process.stderr.write(`${what}: still gathering, ${seconds()} s …\n`),
    TELL_EVERY_MS,
  );
  try {
    await fetch();
  } finally {
    clearInterval(ticking);
  }
  process.stderr.write(`${what}: gathered in ${seconds()} s\n`);
}

await gather("a Kafka broker (43 MB)", hasJars, gatherJars);
await gather("a schema registry (110 MB)", hasRegistry, gatherRegistry);
