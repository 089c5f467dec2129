/**
 * Records on `requests` and `events` that no program of ours would write, planted by another's hand while the house
 * is at work, and what the house owes to the Requests behind them, whatever the log (reliability 44).
 */
import { expect, test } from "vitest";
import { createAuditCommand } from "../../adapters/cli/audit-commands.ts";
import { runCommand } from "../../adapters/cli/command.ts";
import { createReplayCommand } from "../../adapters/cli/replay-command.ts";
import { openAuditDoor } from "../../compose/audit.ts";
import type { Instance } from "../../compose/instances.ts";
import { ROLES } from "../../compose.ts";
import { readConfig } from "../../config.ts";
import { type Envelope, unownedEnvelope } from "../../domain/kernel/envelope.ts";
import { type CustomerKey, type RequestId, slotOfCustomer } from "../../domain/kernel/identifiers.ts";
import { parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import type { TopicName } from "../../domain/ports/event-log.ts";
import type { SubmitRequest } from "../../domain/request/commands.ts";
import { encodeBody } from "../../schemas/message-body.ts";
import {
  GUEST,
  type Processes,
  ringingPhone,
  startProcesses,
  type WatchedPhone,
} from "../support/processes.ts";
import { hello } from "../support/programs.ts";
import { HOTEL, NINE, submission } from "../support/sample-request.ts";
import { accountOf } from "./call-accounting.ts";

/** As it will stand in the log. `envelope` null: without one. */
type Planted = {
  readonly key: string | null;
  readonly body: Uint8Array | null;
  readonly envelope: Envelope | null;
};
/** Answers the offset of each. */
export type Plant = (
  topic: TopicName,
  partition: number,
  records: readonly Planted[],
) => Promise<readonly number[]>;

export type PoisonedHouse = Processes & {
  readonly phone: WatchedPhone;
  readonly health: string;
  /** Of the Customer who is called: everything is planted there. */
  readonly partition: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly plant: Plant;
};

const PARTITIONS = 8;
const UNKNOWN_SCHEMA = 9_999;

/** One of each role; `plantOf` is given the settings of the house that it writes past. */
export async function startPoisoned(
  settings: Readonly<Record<string, string>>,
  health: string,
  plantOf: (folder: string) => Plant,
): Promise<PoisonedHouse> {
  const phone = await ringingPhone();
  const instances: readonly Instance[] = ROLES.map((role) => ({
    role,
    name: role,
    settings: role === "dispatcher" ? { REVEILLE_HEALTH: health } : {},
  }));
  const house = await startProcesses({ trunk: phone.address, settings, instances: () => instances });
  const number = parsePhoneNumber(GUEST);
  if (number === null) throw new Error("the guest has no number");
  return {
    ...house,
    phone,
    health,
    settings: {
      ...settings,
      REVEILLE_DATA: `${house.folder}/data`,
      REVEILLE_REPORTS_URL: `http://${house.reports}`,
    },
    partition: slotOfCustomer(house.keyring.pseudonym(number)) % PARTITIONS,
    plant: plantOf(`${house.folder}/data`),
    async stop() {
      await house.stop();
      await phone.stop();
    },
  };
}

function strangersEnvelope(id: string): Envelope {
  return unownedEnvelope({ id, source: "stranger", subject: null, time: NINE, causationId: null });
}

function withSchema(id: number, avro: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeInt32BE(id, 1);
  return Buffer.concat([prefix, avro]);
}

/** A Request that could be one of ours, of a Customer of this partition. */
function plausible(partition: number, change: Partial<SubmitRequest["terms"]> = {}): SubmitRequest {
  const slot = partition.toString(16);
  return {
    ...submission({ customer: `000${slot}b2c3d4e5f60718293a4b5c6d7e8f` as CustomerKey, ...change }),
    requestId: `rq_z123456789abcdefghjkmnpqrs_00${slot}` as RequestId,
  };
}

type Poison = { readonly record: Planted; readonly because: RegExp };

function poison(name: string, body: Uint8Array, because: RegExp): Poison {
  return { record: { key: "stranger", body, envelope: strangersEnvelope(name) }, because };
}

/** What nobody can read, or nobody of ours has written. */
function poisonedInputs(partition: number): Readonly<Record<string, Poison>> {
  const whole = encodeBody("requests", plausible(partition));
  const mark = { type: "OwnershipTaken", owner: "stranger", epoch: 1, at: NINE } as const;
  const elsewhere = plausible((partition + 1) % PARTITIONS);
  const huge = plausible(partition, { notify: ["x".repeat(1_500_000)] });
  const zone = { fromMinute: 0, toMinute: 60, zone: "Nowhere/Land" };
  return {
    "an Avro body that breaks off": poison(
      "torn",
      whole.subarray(0, 40),
      /the body does not fit .*SubmitRequest/,
    ),
    "an unknown schema": poison(
      "unknown",
      withSchema(UNKNOWN_SCHEMA, whole.subarray(5)),
      /schema id 9999 is unknown/,
    ),
    "another topic's record": poison("mark", encodeBody("events", mark), /not of this topic/),
    "text of another program": poison("text", Buffer.from('{"hello":"world"}'), /no schema id/),
    "an empty value": poison("empty", Buffer.alloc(0), /no schema id/),
    "no headers": { record: { key: null, body: whole, envelope: null }, because: /CloudEvent|envelope/ },
    "an oversize value": poison("huge", encodeBody("requests", huge), /bytes; an owner takes/),
    "an oversize id": poison("i".repeat(100_000), whole, /envelope of \d+ characters/),
    "a Customer of another partition": poison(
      "elsewhere",
      encodeBody("requests", elsewhere),
      /no SubmitRequest of this partition: requestId/,
    ),
    "a zone that is none": poison(
      "zone",
      encodeBody("requests", plausible(partition, { window: zone })),
      /terms\.window\.zone/,
    ),
  };
}

/** What can be read and changes nothing. */
function idleInputs(partition: number): readonly Planted[] {
  const { requestId } = plausible(partition);
  const cancel = { type: "CancelRequest", requestId, sender: HOTEL, at: NINE } as const;
  return [
    { key: "stranger", body: null, envelope: strangersEnvelope("tombstone") },
    { key: "another key", body: encodeBody("requests", cancel), envelope: strangersEnvelope("cancel") },
  ];
}

/** The same on `events`, where only the owner writes; the last one could be read as an event of ours. */
function poisonedEvents(): readonly Planted[] {
  const refused = {
    type: "IntakeRefused",
    channel: "http",
    claimedSender: "",
    source: "stranger",
    reason: "x".repeat(1_500_000),
    count: 1,
    at: NINE,
  } as const;
  const bodies = [
    encodeBody("events", refused).subarray(0, 10),
    withSchema(UNKNOWN_SCHEMA, Buffer.from([1, 2, 3])),
    encodeBody("requests", plausible(0)),
    Buffer.alloc(0),
  ];
  return [
    ...bodies.map((body, index) => ({
      key: "stranger",
      body,
      envelope: strangersEnvelope(`event-${index}`),
    })),
    { key: null, body: Buffer.from("no headers"), envelope: null },
    { key: "stranger", body: encodeBody("events", refused), envelope: strangersEnvelope("event-forged") },
  ];
}
/** Of those, what can't be read. */
const UNREADABLE_EVENTS = 5;

async function call(house: PoisonedHouse): Promise<string> {
  const request = await house.request({ to: GUEST, document: { inline: hello() } });
  expect(await house.over(request)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
  await house.phone.idle();
  return request;
}

async function reveille(
  house: PoisonedHouse,
  ...args: string[]
): Promise<{ readonly code: number; readonly out: string }> {
  const out: string[] = [];
  const door = async () => openAuditDoor(() => readConfig(house.settings));
  const commands = [createAuditCommand(door, async () => null), createReplayCommand(door, async () => null)];
  const code = await runCommand(commands, args, {
    out: (text) => void out.push(text),
    err: () => undefined,
  });
  return { code, out: out.join("\n") };
}

async function figures(house: PoisonedHouse): Promise<Record<string, unknown>> {
  return (await (await fetch(`http://${house.health}/healthz`)).json()) as Record<string, unknown>;
}

/** The tests, in the order of their story; `house` answers what `startPoisoned` made. */
export function poisonRecords(house: () => PoisonedHouse): void {
  test("records that nobody can take are set aside with their place, and the Request behind them is called (row 44)", async () => {
    const { partition, plant } = house();
    const poisons = Object.entries(poisonedInputs(partition));
    const offsets = await plant(
      "requests",
      partition,
      poisons.map(([, { record }]) => record),
    );
    const idle = await plant("requests", partition, idleInputs(partition));
    await call(house());
    const quarantined = house().seen.flatMap(({ event }) =>
      event.type === "RecordQuarantined" ? [event] : [],
    );
    expect(quarantined.map(({ topic, offset }) => `${topic} ${offset}`)).toEqual(
      offsets.map((offset) => `requests ${offset}`),
    );
    expect(new Set(quarantined.map((event) => event.partition))).toEqual(new Set([partition]));
    const told = quarantined.map(({ reason }, index) => [poisons[index]?.[0], reason]);
    expect(told).toEqual(poisons.map(([name, { because }]) => [name, expect.stringMatching(because)]));
    expect(idle).toHaveLength(2);
    expect(house().seen.filter(({ event }) => event.type === "FactIgnored")).toHaveLength(2);
  });

  test("the health page counts them, and nothing else is wrong with the dispatcher", async () => {
    const quarantined = Object.keys(poisonedInputs(0)).length;
    expect(await figures(house())).toMatchObject({ status: "ready", quarantined, setAside: 0 });
  });

  test("each has its consequence, so an audit finds no fault (L09, I14)", async () => {
    await accountOf(house().reports, 1);
    const { code, out } = await reveille(house(), "audit", "verify");
    expect(out).toMatch(/No fault found\.$/);
    expect(code).toBe(0);
  });

  test("records planted among the events stop nobody who reads them: calls, reports, nor the next owner (row 44)", async () => {
    const { partition, plant } = house();
    const offsets = await plant("events", partition, poisonedEvents());
    await call(house());
    await accountOf(house().reports, 2);
    await house().kill("dispatcher");
    await house().supervisor.whenReady("dispatcher");
    const request = await call(house());
    await accountOf(house().reports, 3);
    expect(await figures(house())).toMatchObject({ status: "ready", quarantined: 0, setAside: 0 });
    const { out } = await reveille(house(), "replay", "--all");
    for (const offset of offsets.slice(0, UNREADABLE_EVENTS)) {
      expect(out).toMatch(new RegExp(`^${partition}:${offset} .*\\(unreadable: `, "m"));
    }
    expect(out).toContain(`${request} #1, dispatcher`);
  });

  test("and an audit names each of them, with its place, and nothing of ours (L09)", async () => {
    const { partition } = house();
    const { code, out } = await reveille(house(), "audit", "verify");
    expect(code).toBe(1);
    const faults = [...out.matchAll(/fault ([a-z-]+) events (\d+:\d+)/g)].map(([, kind, place]) => ({
      kind,
      place,
    }));
    const planted = await plantedPlaces(house());
    expect(planted).toHaveLength(poisonedEvents().length);
    for (const place of planted) expect(faults).toContainEqual({ kind: "link-missing", place });
    for (const place of planted.slice(0, UNREADABLE_EVENTS)) {
      expect(faults).toContainEqual({ kind: "unreadable", place });
    }
    expect(faults).toContainEqual({ kind: "foreign-owner", place: planted.at(-1) });
    expect(new Set(faults.map(({ place }) => place))).toEqual(new Set(planted));
    expect(planted.every((place) => place.startsWith(`${partition}:`))).toBe(true);
  });
}

/** Where records stand that hold neither a link nor an owner's mark. */
async function plantedPlaces({ log, partition }: PoisonedHouse): Promise<readonly string[]> {
  const places: string[] = [];
  for await (const records of log.read("events", partition, { proofs: true })) {
    for (const record of records) {
      const isMark = record.ok && record.message?.type === "OwnershipTaken";
      if (record.proof?.chain === null && !isMark) places.push(`${partition}:${record.offset}`);
    }
  }
  return places;
}
