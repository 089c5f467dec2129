/**
 * Causes a second of one dispatcher process, every policy check included: Requests, servers' answers and facts of
 * calls are in the log already, and the process handles them as fast as it can, over eight partitions.
 * `node bench/causes.ts [memory|sqlite|kafka]`; default sqlite. Against the same desks fed by hand, without a log.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryLog } from "../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore } from "../adapters/event-log/memory/memory-store.ts";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import { createMemoryKeyring } from "../adapters/keyring/memory-keyring.ts";
import { createNumberingPlan } from "../adapters/numbering/numbering-plan.ts";
import { createChance } from "../adapters/system/chance.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import { createZoneClock } from "../adapters/system/zone-clock.ts";
import { unownedEnvelope } from "../domain/kernel/envelope.ts";
import { offerId, requestId, type ServerId, slotOfCustomer } from "../domain/kernel/identifiers.ts";
import { parsePhoneNumber } from "../domain/kernel/phone-number.ts";
import { instant, milliseconds } from "../domain/kernel/time.ts";
import { defaultReceiverRules } from "../domain/policy/default-rules.ts";
import type { Delivered, Entry, EventLog } from "../domain/ports/event-log.ts";
import type { InputMessage, SubmitRequest } from "../domain/request/commands.ts";
import type { LoadReported } from "../domain/server/load.ts";
import { createDirectory, foldDirectory } from "../projections/directory.ts";
import { createTelephonyLoad, foldLoad } from "../projections/telephony-load.ts";
import { createDesk } from "../services/dispatcher/desk.ts";
import { createDispatcher } from "../services/dispatcher/dispatcher.ts";
import { completed, HOTEL, submission } from "../test/support/sample-request.ts";
import { printBench } from "./bench-line.ts";
import { QUIET, startKafkaBench } from "./kafka-bench.ts";

const REQUESTS = 2_000;
const PARTITIONS = 8;
const SERVERS = ["telephony-1", "telephony-2", "telephony-3"] as ServerId[];
const BATCH = 100;
const DONE_WAIT_MS = 60_000;

const clock = createSystemClock();
const chance = createChance(() => clock.now());
const keyring = createMemoryKeyring();
const numbering = createNumberingPlan();
const zones = createZoneClock();
const operatorLog = QUIET;

const account = {
  type: "SenderRegistered",
  sender: HOTEL,
  at: instant(0),
  standing: "active",
  credentials: [],
  sources: [],
  hours: [],
  serviceLevel: "basic",
  bulkiness: "solitary",
} as const;

const PORTS = {
  keyring,
  numbering,
  zones,
  trunkCountry: "US",
  dialled: (number: string) => number,
  operatorLog,
  draw: () => chance.draw(),
  ulid: () => chance.ulid(),
};
const OPTIONS = {
  source: "dispatcher",
  offerTtlMs: milliseconds(60_000),
  serverSilentMs: 600_000,
  rememberOverMs: 3_600_000,
  coldStartMs: 0,
};

const asked = await Promise.all(Array.from({ length: REQUESTS }, (_, index) => submissionOf(index)));
const facts = asked.flatMap(factsOf);
const kind = process.argv[2] ?? "sqlite";
const home = mkdtempSync(join(tmpdir(), "reveille-causes-"));
byHand();
const desk = byHand();
const through = await measureAndClose();

printBench({
  name: "causes",
  figures: {
    requestsPerSecond: through.submitsPerSecond,
    factsPerSecond: through.factsPerSecond,
    causesPerSecond: through.causesPerSecond,
    causesPerCpuSecond: through.causesPerCpuSecond,
    deskCausesPerCpuSecond: desk.causesPerCpuSecond,
    deskCausesPerSecond: desk.causesPerSecond,
    deskRequestsPerSecond: desk.submitsPerSecond,
    causes: asked.length + facts.length,
  },
  ratio: through.causesPerCpuSecond / desk.causesPerCpuSecond,
  against: `causes for a second of processor time through the ${kind} log / handed to the desks directly`,
  goals: [{ figure: "causesPerSecond", atLeast: 5_000 }],
  command: `node bench/causes.ts ${kind}`,
});

/** By the wall clock, and by the processor's time of this process: others may be at work on the machine. */
type Spent = { readonly ms: number; readonly cpuMs: number };
type Rates = {
  readonly causesPerCpuSecond: number;
  readonly submitsPerSecond: number;
  readonly factsPerSecond: number;
  readonly causesPerSecond: number;
};

function rates(submits: Spent, answers: Spent): Rates {
  const causes = asked.length + facts.length;
  return {
    submitsPerSecond: (asked.length * 1_000) / submits.ms,
    factsPerSecond: (facts.length * 1_000) / answers.ms,
    causesPerSecond: (causes * 1_000) / (submits.ms + answers.ms),
    causesPerCpuSecond: (causes * 1_000) / (submits.cpuMs + answers.cpuMs),
  };
}

async function openLog(): Promise<{ log: EventLog; close(): Promise<void> }> {
  if (kind === "kafka") {
    const kafka = await startKafkaBench("causes", "node bench/causes.ts kafka");
    return { log: kafka.openLog("bench"), close: () => kafka.stop() };
  }
  const log =
    kind === "memory"
      ? createMemoryLog({ clock, owner: "bench", store: createMemoryStore(clock), operatorLog })
      : createSqliteLog({ path: join(home, "log.db"), clock, owner: "bench", operatorLog, maintain: false });
  return { log, close: () => log.close() };
}

async function submissionOf(index: number): Promise<SubmitRequest> {
  const number = parsePhoneNumber(`+1212555${String(1_000 + (index % 9_000))}`);
  if (number === null) throw new Error("the sample number is not valid");
  const customer = keyring.pseudonym(number);
  const now = clock.now();
  const change = {
    customer,
    to: await keyring.seal(customer, now, number),
    notAfter: instant(now + 86_400_000),
  };
  const id = requestId(chance.bytes(16), slotOfCustomer(customer));
  return { ...submission(change), requestId: id, receivedAt: now, messageDigest: `digest-${index}` };
}

/** The server's yes and the steps of a call that was answered. */
function factsOf({ requestId: request, terms }: SubmitRequest): readonly InputMessage[] {
  const [server] = SERVERS;
  if (server === undefined) throw new Error("no server");
  const offer = offerId(request, 1);
  const at = clock.now();
  const common = { requestId: request, offer, server };
  const steps = [
    { type: "CallPlaced", at, sipCallId: "a", trunk: "t" },
    { type: "CallRinging", at, sipCode: 180, earlyMedia: false },
    { type: "CallAnswered", at, answeredBy: "unknown" },
    { type: "InputCollected", at, field: "choice", mode: "dtmf", value: terms.to },
    completed({ outcome: "completed", answeredAt: at }),
  ] as const;
  return [
    { type: "OfferAccepted", ...common, port: 1, epoch: 1, at },
    ...steps.map(
      (step, index): InputMessage => ({ type: "CallReported", ...common, factSeq: index + 1, step }),
    ),
  ];
}

function entryOf(message: InputMessage): Entry<"requests"> {
  const customer = "terms" in message ? message.terms.customer : null;
  const request = "requestId" in message ? message.requestId : null;
  const slot = Number.parseInt((request ?? "").slice(-3), 16) as Entry<"requests">["slot"];
  const about = {
    id: chance.ulid(),
    source: "bench",
    subject: request,
    time: clock.now(),
    causationId: null,
  };
  return { key: customer ?? request ?? "", slot, message, envelope: unownedEnvelope(about) };
}

function reportOf(server: ServerId): LoadReported {
  const idle = { inUseOutbound: 0, inUseInbound: 0, held: 0, inboundReserve: 0, glare: 0, draining: false };
  const times = { at: clock.now(), startedAt: instant(0), lastInboundAt: null, lastFullToFreeAt: null };
  return { type: "LoadReported", server, ports: REQUESTS, mediaLatenessMs: 0, ...idle, ...times };
}

function rules() {
  return { ...defaultReceiverRules(clock.now()), hours: [] };
}

/** The desks alone: records in, outputs thrown away, as many at once as a task is given. */
function byHand(): Rates {
  const directory = createDirectory();
  foldDirectory(directory, "receiver", rules());
  foldDirectory(directory, `sender:${HOTEL}`, account);
  const load = createTelephonyLoad();
  for (const server of SERVERS) foldLoad(load, reportOf(server), clock.now());
  const desks = Array.from({ length: PARTITIONS }, (_, partition) =>
    createDesk(
      { ...OPTIONS, partition, epoch: 1 },
      { ...PORTS, directory, load, steadyNow: () => clock.now() },
    ),
  );
  for (const one of desks) one.open(clock.now());
  let offset = 0;
  const feed = (messages: readonly InputMessage[]): Spent => {
    const records = messages.map((message): Delivered<"requests"> => {
      const { key, envelope, slot } = entryOf(message);
      offset += 1;
      const where = { topic: "requests", partition: slot % PARTITIONS, offset } as const;
      return { ...where, key, appendedAt: clock.now(), ok: true, envelope, message };
    });
    const spent = stopwatch();
    for (const [partition, mine] of Map.groupBy(records, (record) => record.partition)) {
      for (let at = 0; at < mine.length; at += BATCH) {
        for (const record of mine.slice(at, at + BATCH)) desks[partition]?.take(record, clock.now());
        desks[partition]?.pump(clock.now());
        desks[partition]?.takeOutputs();
        desks[partition]?.committed(offset);
      }
    }
    return spent();
  };
  return rates(feed(asked), feed(facts));
}

async function measureAndClose(): Promise<Rates> {
  try {
    const { log, close } = await openLog();
    try {
      return await throughLog(log);
    } finally {
      await close();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function throughLog(log: EventLog): Promise<Rates> {
  const [sample] = asked;
  if (sample === undefined) throw new Error("nothing was asked");
  const own = (key: string, message: typeof account | ReturnType<typeof rules>): Entry<"directory"> => ({
    ...entryOf(sample),
    key,
    message,
  });
  await log.append("directory", [own("receiver", rules()), own(`sender:${HOTEL}`, account)]);
  const reporting = setInterval(() => report(log), 1_000);
  report(log);
  await appendAll(log, asked);
  const submits = await handled(log, asked.length);
  await appendAll(log, facts);
  const answers = await handled(log, facts.length).finally(() => clearInterval(reporting));
  return rates(submits, answers);
}

function report(log: EventLog): void {
  const [first] = asked;
  if (first === undefined) return;
  const entries = SERVERS.map((server) => ({ ...entryOf(first), key: server, message: reportOf(server) }));
  log
    .append("load", entries)
    .catch((error: unknown) => operatorLog.error("no report was written", { error }));
}

/** What a dispatcher spends on `causes` inputs: from the first that it is given to the commit of the last. */
async function handled(log: EventLog, causes: number): Promise<Spent> {
  const done = Promise.withResolvers<Spent>();
  let spent: (() => Spent) | null = null;
  let left = causes;
  const watched: EventLog = {
    ...log,
    work: (group, makeTask) =>
      log.work(group, (ownership) => {
        const task = makeTask(ownership);
        return {
          ...task,
          async handle(records) {
            spent ??= stopwatch();
            await task.handle(records);
            left -= records.length;
            if (left <= 0) done.resolve(spent());
          },
        };
      }),
  };
  const dispatcher = createDispatcher(OPTIONS, { ...PORTS, log: watched, clock });
  await dispatcher.start();
  const late = setTimeout(
    () => done.reject(new Error(`causes: ${left} are left after ${DONE_WAIT_MS / 1_000} s`)),
    DONE_WAIT_MS,
  );
  const result = await done.promise;
  clearTimeout(late);
  await dispatcher.stop();
  return result;
}

function stopwatch(): () => Spent {
  const [from, used] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { ms: performance.now() - from, cpuMs: (user + system) / 1_000 };
  };
}

async function appendAll(log: EventLog, messages: readonly InputMessage[]): Promise<void> {
  for (let at = 0; at < messages.length; at += 1_000) {
    await log.append("requests", messages.slice(at, at + 1_000).map(entryOf));
  }
}
