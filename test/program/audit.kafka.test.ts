/**
 * The auditor's commands as the program has them, over a real broker: a day of a house that is still at work, the
 * proof of it carried elsewhere, and events that somebody else writes among its own.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import kafkajs from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FetchedRecord } from "../../adapters/event-log/kafka/kafka-driver.ts";
import { linkOf, textHeader } from "../../adapters/event-log/kafka/kafka-record.ts";
import { createKafkajsDriver } from "../../adapters/event-log/kafka/kafkajs-driver.ts";
import { type RequestId, slotOfRequest } from "../../domain/kernel/identifiers.ts";
import { formatInstant, instant } from "../../domain/kernel/time.ts";
import { kafkaHouseSettings } from "../e2e/kafka-house.ts";
import { type Processes, startProcesses } from "../support/processes.ts";
import { type Ran, runProgram } from "../support/program.ts";
import { hello } from "../support/programs.ts";
import { describeOnBroker, useBroker } from "../support/real-broker.ts";
import { type Switchboard, startSwitchboard } from "../support/switchboard.ts";

const PARTITIONS = 8;
const STORY = [
  "RequestReceived",
  "RequestQueued",
  "Dispatched",
  "Accepted",
  "CallPlaced",
  "CallRinging",
  "CallAnswered",
  "SessionStarted",
  "CallCompleted",
  "RequestCompleted",
];

let settings: Readonly<Record<string, string>>;
let addresses: readonly string[];
let board: Switchboard;
let house: Processes;
let folder: string;
/** In the order of their calls, which do not overlap. */
const requests: string[] = [];

function reveille(...args: readonly string[]): Promise<Ran> {
  const data = { REVEILLE_DATA: join(house.folder, "data"), REVEILLE_REPORTS_URL: `http://${house.reports}` };
  return runProgram(args, { ...settings, ...data });
}

/** On a machine that knows nothing of the house: neither its brokers, nor its folder. */
function elsewhere(...args: readonly string[]): Promise<Ran> {
  return runProgram(args, { REVEILLE_DATA: join(folder, "nothing-here") });
}

async function call(number: string): Promise<string> {
  const request = await house.request({ to: number, document: { inline: hello("1s") } });
  expect(await house.over(request)).toMatchObject({ type: "RequestCompleted" });
  return request;
}

const typesIn = (out: string): string[] =>
  [...out.matchAll(/\d\d:\d\d:\d\d\.\d{3} {2}(\w+)/g)].map(([, type = ""]) => type);
const faultsIn = (out: string): string[] =>
  [...out.matchAll(/^fault ([a-z-]+)(?: events (\d+:\d+))?/gm)].map(
    ([, code, place = ""]) => `${code} ${place}`,
  );
const partitionOf = (request: string): number => slotOfRequest(request as RequestId) % PARTITIONS;

const eventsTopic = (): string => `${settings["REVEILLE_KAFKA_PREFIX"]}events`;

/** The Request's last event, as it lies on the broker. */
async function lastEventOf(request: string): Promise<FetchedRecord> {
  const reader = createKafkajsDriver({ brokers: addresses, clientId: "forger" }).openReader();
  const partition = partitionOf(request);
  let found: FetchedRecord | undefined;
  for (let from = 0; ; ) {
    const part = await reader.readAt(eventsTopic(), partition, from);
    if (part.next === from) break;
    found = part.records.findLast((record) => textHeader(record, "ce_subject") === request) ?? found;
    from = part.next;
  }
  await reader.close();
  if (found === undefined) throw new Error("the Request has no events on the broker");
  return found;
}

/** Writes the record again with other headers, as whoever may write to the cluster can. Answers its place. */
async function forge(
  partition: number,
  { key, value, headers }: FetchedRecord,
  change: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const kafka = new kafkajs.Kafka({ brokers: [...addresses], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const forged = Object.entries({ ...headers, ...change }).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, Buffer.from(text)] as const],
  );
  const message = { key, value: Buffer.from(value ?? []), partition, headers: Object.fromEntries(forged) };
  const [sent] = await producer.send({ topic: eventsTopic(), messages: [message] });
  await producer.disconnect();
  return `${partition}:${sent?.baseOffset}`;
}

describeOnBroker(
  "an audit on a Kafka broker",
  () => {
    const broker = useBroker();
    beforeAll(async () => {
      ({ addresses } = broker());
      folder = mkdtempSync(join(tmpdir(), "reveille-auditor-"));
      settings = await kafkaHouseSettings(addresses);
      board = await startSwitchboard();
      house = await startProcesses({ trunk: board.address, settings });
      for (const number of ["+12125550101", "+12125550102", "+12125550103"])
        requests.push(await call(number));
    }, 120_000);
    afterAll(async () => {
      await house?.stop();
      await board?.close();
      if (folder !== undefined) rmSync(folder, { recursive: true });
    });

    test("tells what happened to one Request, event by event, with place, writer and cause (N05, A06)", async () => {
      const [request = ""] = requests;
      const { code, out } = await reveille("replay", "--request", request);
      expect(typesIn(out)).toEqual(STORY);
      expect(out).toContain(`${request} #1, dispatcher, caused by `);
      expect(out).not.toMatch(/\+1\d{10}/);
      expect(code).toBe(0);
    });

    test("tells what happened within a span of time, and nothing from before or after it (N05)", async () => {
      const [, second = ""] = requests;
      const own = house.seen.filter(({ request }) => request === second).map(({ event }) => event.at);
      const from = formatInstant(instant(Math.min(...own)));
      const to = formatInstant(instant(Math.max(...own) + 1));
      const { code, out } = await reveille("replay", "--from", from, "--to", to, "--json");
      const told = out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { envelope: { subject: string | null }; event: { type: string } });
      expect(told.map(({ event }) => event.type).toSorted()).toEqual(STORY.toSorted());
      expect(new Set(told.map(({ envelope }) => envelope.subject))).toEqual(new Set([second]));
      expect(code).toBe(0);
    });

    test("tells how things stood at a moment: what was in a call then, where, and by which rules (N05)", async () => {
      const [first = "", second = ""] = requests;
      const { at } = await house.event(second, "CallAnswered");
      const { out } = await reveille("replay", "--all", "--at", formatInstant(at));
      expect(out).toContain("1 in-call");
      expect(out).toContain(second);
      expect(out).not.toContain(first);
      expect(out).toMatch(/Rules of the newest check: .*test@1/);
    });

    test("finds no fault, in the events, what they follow from, what their owners remember, and the reports (L09)", async () => {
      for (;;) {
        const { code, out } = await reveille("audit", "verify");
        // The tables follow the log; what they do not hold yet is no fault, and not compared either.
        if (out.includes("note reports-behind")) continue;
        expect(out).toMatch(/Compared with the tables of the reports: \d+ events, 3 calls, 3 Requests\./);
        expect(out).toMatch(/No fault found\.\n$/);
        expect(code).toBe(0);
        return;
      }
    });

    test("writes an export that is checked elsewhere with nothing but the file and the key (L09)", async () => {
      const made = JSON.parse((await reveille("audit", "key", "--json")).out) as { publicKey: string };
      const all = join(folder, "all.ndjson");
      expect(await reveille("audit", "export", "--all", "--out", all)).toMatchObject({ code: 0 });
      const checked = await elsewhere("audit", "verify", "--file", all, "--key", made.publicKey);
      expect(checked.out).toContain(`${house.seen.length} records of 3 Requests.`);
      expect(checked.code).toBe(0);

      const [, , third = ""] = requests;
      const one = join(folder, "one.ndjson");
      await reveille("audit", "export", "--request", third, "--out", one);
      const shown = await elsewhere("replay", "--file", one, "--key", made.publicKey);
      expect(typesIn(shown.out)).toEqual(STORY);
      expect(readFileSync(one, "utf8")).not.toContain(requests[0]);
      expect((await elsewhere("audit", "verify", "--file", one, "--key", "0".repeat(64))).code).toBe(1);
    });

    test("names every event that was forged into the log, with its place, and the house goes on (L09)", async () => {
      const [first = "", second = ""] = requests;
      const [one, other] = [await lastEventOf(first), await lastEventOf(second)];
      expect(linkOf(one)).not.toBeNull();
      const number = String(Number(textHeader(other, "ce_sequence")) + 1);
      const places = {
        wrongLink: await forge(partitionOf(first), one, { ce_chain: "A".repeat(43) }),
        noLink: await forge(partitionOf(first), one, { ce_chain: undefined }),
        // Under a number of its own, and by an owner that never was.
        secondEnd: await forge(partitionOf(second), other, { ce_sequence: number, ce_ownerepoch: "1000000" }),
      };
      await call("+12125550101");
      await call("+12125550102");
      const { code, out } = await reveille("audit", "verify", "--without-reports");
      expect(faultsIn(out).toSorted()).toEqual(
        [
          `chain-broken ${places.wrongLink}`,
          `link-missing ${places.noLink}`,
          `chain-broken ${places.secondEnd}`,
          `foreign-owner ${places.secondEnd}`,
          `second-end ${places.secondEnd}`,
        ].toSorted(),
      );
      expect(code).toBe(1);
    });

    test("still holds to the export of before: nothing that it vouches for was touched (L09)", async () => {
      const all = join(folder, "all.ndjson");
      const { out } = await reveille("audit", "verify", "--without-reports", "--against", all);
      expect(faultsIn(out).map((fault) => fault.split(" ")[0])).not.toContain("anchor-differs");
      expect(faultsIn(out)).toHaveLength(5);
    });
  },
  120_000,
);
