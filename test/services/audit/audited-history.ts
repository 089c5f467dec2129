/** A small installation's history: six Requests of three Customers, made by the real house, as records that can be forged. */

import { createDigests } from "../../../adapters/system/digests.ts";
import { unownedEnvelope } from "../../../domain/kernel/envelope.ts";
import { fromHex, toHex } from "../../../domain/kernel/hex.ts";
import { slotOfCustomer } from "../../../domain/kernel/identifiers.ts";
import { type PhoneNumber, parsePhoneNumber } from "../../../domain/kernel/phone-number.ts";
import { digestInput, linkInput, type StoredParts } from "../../../domain/kernel/record-chain.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { AuditReport } from "../../../domain/ports/audit.ts";
import type { Delivered, EventLog, TopicName } from "../../../domain/ports/event-log.ts";
import type { VerifyOptions } from "../../../services/audit/verify-log.ts";
import { verifyLog } from "../../../services/audit/verify-log.ts";
import { createHouse, type House } from "../../support/house.ts";

export const digests = createDigests();

export type AnyRecord = Delivered<TopicName>;
/** Records of each topic and partition, oldest first; tests change them. */
export type History = { readonly [Topic in TopicName]?: Delivered<Topic>[][] };

function number(text: string) {
  const parsed = parsePhoneNumber(text);
  if (parsed === null) throw new Error(`${text} is no number`);
  return parsed;
}

/** Four calls that come off, a message sent twice, and one that is taken back because its Customer is erased. */
async function liveOneDay(house: House): Promise<void> {
  const dispatcher = await house.startDispatcher();
  const { server } = await house.startServer("telephony-1");
  const customers = ["+12125550123", "+12125550144", "+13125550199"].map(number);
  for (const to of customers) await house.until(await house.post({ to }), "RequestCompleted");
  const [first] = customers;
  const sameAgain = first === undefined ? {} : { to: first };
  const twice = await house.post(sameAgain, "twice");
  await house.submit(sameAgain, "twice");
  await house.until(twice, "RequestCompleted");
  await eraseLast(house, customers.at(-1));
  await server.stop();
  await dispatcher.stop();
  // A second owner of every partition, and a Request that is still open when the day ends.
  const next = await house.startDispatcher();
  const waiting = await house.post();
  await house.until(waiting, "RequestQueued");
  await next.stop();
}

async function eraseLast(house: House, to: PhoneNumber | undefined): Promise<void> {
  if (to === undefined) return;
  const waiting = await house.post({ to, notBefore: instant(house.clock.now() + 3_600_000) });
  await house.until(waiting, "RequestScheduled");
  const customer = house.keyring.pseudonym(to);
  const at = house.clock.now();
  const envelope = unownedEnvelope({
    id: "erase-1",
    source: "test",
    subject: null,
    time: at,
    causationId: null,
  });
  const message = { type: "EraseCustomer", customer, keys: 1, at } as const;
  await house.log.append("requests", [{ key: customer, slot: slotOfCustomer(customer), envelope, message }]);
  await house.until(waiting, "RequestCancelled");
}

/** As `read` gives it, with proofs. */
async function historyOf(log: EventLog): Promise<History> {
  const read = async <Topic extends TopicName>(topic: Topic): Promise<Delivered<Topic>[][]> => {
    const partitions: Delivered<Topic>[][] = [];
    for (let partition = 0; partition < log.partitionCount(topic); partition += 1) {
      const records: Delivered<Topic>[] = [];
      for await (const some of log.read(topic, partition, { proofs: true })) records.push(...some);
      partitions.push(records);
    }
    return partitions;
  };
  return {
    requests: await read("requests"),
    events: await read("events"),
    state: await read("state"),
    directory: await read("directory"),
  };
}

export async function makeHistory(): Promise<History> {
  const house = await createHouse();
  try {
    await liveOneDay(house);
    return await historyOf(house.log);
  } finally {
    await house.close();
  }
}

/** A copy whose lists may be changed without touching the original. */
export function copyOf(history: History): History {
  return Object.fromEntries(
    Object.entries(history).map(([topic, partitions]) => [topic, partitions.map((records) => [...records])]),
  );
}

/** A log to read from, in batches of three, with nothing but the given records in it. */
export function readOnlyLog(history: History): Pick<EventLog, "read" | "partitionCount"> {
  const partitionsOf = (topic: TopicName): readonly (readonly AnyRecord[])[] => history[topic] ?? [];
  return {
    partitionCount: (topic) => partitionsOf(topic).length,
    async *read<Topic extends TopicName>(
      topic: Topic,
      partition: number,
      range: { from?: number; to?: number } = {},
    ) {
      const all = partitionsOf(topic)[partition] ?? [];
      const { from = 0, to = Number.MAX_SAFE_INTEGER } = range;
      const records = all.filter(({ offset }) => offset >= from && offset < to) as Delivered<Topic>[];
      for (let at = 0; at < records.length; at += 3) yield records.slice(at, at + 3);
    },
  };
}

export const RULES: VerifyOptions = {
  contiguous: true,
  expires: false,
  anchors: [],
  callsForgottenMs: 86_400_000,
  reportsSince: 0,
  onProgress: () => undefined,
};

export function verified(history: History, options: Partial<VerifyOptions> = {}): Promise<AuditReport> {
  const ports = { log: readOnlyLog(history), digests, askTables: null };
  return verifyLog(ports, { ...RULES, ...options });
}

/** The partition of `events` with the most records: where there is something to forge. */
export function busiest(history: History): Delivered<"events">[] {
  const partitions = history.events ?? [];
  const longest = partitions.toSorted((one, other) => other.length - one.length)[0];
  if (longest === undefined) throw new Error("the history has no events");
  return longest;
}

function partsOf(record: Delivered<"events">): StoredParts {
  if (record.proof === undefined) throw new Error("read without proofs");
  return { key: record.key, body: record.proof.body, envelope: record.proof.envelope };
}

/** The record with other bytes, and the digest that those have; its link is left as it was. */
export function withBody(record: Delivered<"events">, body: Uint8Array): Delivered<"events"> {
  if (record.proof === undefined) throw new Error("read without proofs");
  const digest = toHex(digests.sha256(digestInput({ ...partsOf(record), body })));
  return { ...record, proof: { ...record.proof, body, digest } };
}

/** Links every record anew from `from` on: what somebody does who knows how the chain is made. */
export function relink(records: Delivered<"events">[], from: number): void {
  let before: Uint8Array = new Uint8Array(32);
  for (const [index, record] of records.entries()) {
    const { proof } = record;
    if (proof === undefined) throw new Error("read without proofs");
    before = digests.sha256(linkInput(before, fromHex(proof.digest) ?? new Uint8Array()));
    if (index >= from && proof.chain !== null)
      records[index] = { ...record, proof: { ...proof, chain: toHex(before) } };
  }
}
