/**
 * Records on the real wire format. The simulator passes messages by reference, which would hide a field that no
 * schema has, or a number that Avro can't hold: so some records are encoded and decoded by the product's codec on
 * their way into the log, and what comes out of it is what everybody reads.
 */
import { isDeepStrictEqual } from "node:util";
import type { Entry, TopicName } from "../../domain/ports/event-log.ts";
import { decode, encode } from "../../schemas/codec.ts";

/** In a run of such a seed all records are carried so. */
const WHOLE_RUN_EVERY = 50;
/** In the others one of so many; no dice are thrown for it, so histories stay what they are. */
const SAMPLE_EVERY = 64;

export type Carry = <Topic extends TopicName>(topic: Topic, entry: Entry<Topic>) => Entry<Topic>;

export function createCarry(seed: number): Carry {
  const every = seed % WHOLE_RUN_EVERY === 0 ? 1 : SAMPLE_EVERY;
  let carried = 0;
  return (topic, entry) => {
    carried += 1;
    return carried % every === 0 ? onTheWire(topic, entry) : entry;
  };
}

/** The entry as its reader gets it. Throws where that is not what was written. */
export function onTheWire<Topic extends TopicName>(topic: Topic, entry: Entry<Topic>): Entry<Topic> {
  const { value, headers } = encode(topic, entry);
  const read = decode(topic, value, headers);
  const what = `${topic}/${entry.message?.type ?? "tombstone"}`;
  if (!read.ok) throw new Error(`simulated log: ${what} can't be read again: ${read.reason}`);
  const { envelope, message } = read;
  if (isSame({ envelope, message }, { envelope: entry.envelope, message: entry.message })) {
    return { ...entry, envelope, message };
  }
  throw new Error(
    `simulated log: ${what} comes back from its encoding as another: ${differing(entry, read)}`,
  );
}

/** By their fields: what the decoder makes of a record in a record is of a class of its own. */
function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(structuredClone(one), structuredClone(other));
}

type Pair = Pick<Entry<TopicName>, "envelope" | "message">;

/** Names of fields alone: values may be a Customer's. */
function differing(written: Pair, read: Pair): string {
  return (["envelope", "message"] as const)
    .flatMap((part) => {
      const [one, other] = [new Map(fieldsOf(written[part])), new Map(fieldsOf(read[part]))];
      const names = [...new Set([...one.keys(), ...other.keys()])];
      return names
        .filter((name) => one.has(name) !== other.has(name) || !isSame(one.get(name), other.get(name)))
        .map((name) => `${part}.${name}`);
    })
    .join(", ");
}

const fieldsOf = (part: object | null): [string, unknown][] => Object.entries(part ?? {});
