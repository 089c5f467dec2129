/** What two dispatchers and three telephony servers owe to each other and to the Requests, whatever the log. */
import { expect, test } from "vitest";
import { instancesOf, serverSettings } from "../../compose/instances.ts";
import type { Config } from "../../config.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { type Processes, startProcesses } from "../support/processes.ts";
import { hello } from "../support/programs.ts";
import { type Switchboard, startSwitchboard } from "../support/switchboard.ts";

const TALK = hello("1s");
const SERVERS = 3;
/** Of the part of the media ports that each server has: one more may join. */
const SHARES = SERVERS + 1;
/** Requests open at once. */
const LINES = 16;

export type ManyHouse = Processes & { readonly board: Switchboard; config: Config };

/** `settings` say where the log is. */
export async function startMany(settings: Readonly<Record<string, string>>): Promise<ManyHouse> {
  const board = await startSwitchboard();
  let config: Config | null = null;
  const house = await startProcesses({
    trunk: board.address,
    settings: { REVEILLE_PORTS: "12", REVEILLE_SERVER_SILENT_MS: "3000", ...settings },
    instances: (read) => {
      config = read;
      const own = instancesOf(read, { dispatchers: 2, telephony: SERVERS });
      return own
        .filter(({ role }) => role !== "reporting")
        .map((one) => (one.role === "telephony" ? shared(read, Number(one.name.at(-1)) - 1) : one));
    },
  });
  if (config === null) throw new Error("a house without settings");
  return {
    ...house,
    board,
    config,
    async stop() {
      await house.stop();
      await board.close();
    },
  };
}

/** The telephony server of this index, from 0, with a share that leaves room for one more. */
function shared(config: Config, index: number) {
  return {
    role: "telephony" as const,
    name: `telephony-${index + 1}`,
    settings: serverSettings(config, index, SHARES),
  };
}

/** A number of its own for each; nobody is there. */
let numbers = 0;
function nextNumber(): string {
  numbers += 1;
  return `+1212555${String(1_000 + numbers)}`;
}

type Asked = { readonly request: string; readonly number: string };

async function ask(house: ManyHouse): Promise<Asked> {
  const number = nextNumber();
  return { request: await house.request({ to: number, document: { inline: TALK } }), number };
}

/**
 * Requests until `work` is done, and those that it had asked for. Never more open ones than there are ports for, by
 * far: a machine that is busy otherwise must not make this a test of overload.
 */
async function askWhile(house: ManyHouse, work: Promise<void>): Promise<readonly Asked[]> {
  const asked: Asked[] = [];
  const done = new AbortController();
  const finish = (): void => done.abort();
  void work.then(finish, finish);
  const line = async (): Promise<void> => {
    while (!done.signal.aborted) {
      const one = await ask(house);
      asked.push(one);
      await house.over(one.request);
    }
  };
  await Promise.all([work, ...Array.from({ length: LINES }, line)]);
  return asked;
}

function rung(house: ManyHouse, number: string): number {
  return house.board.calls.filter((call) => call.number === number).length;
}

function serverOf(house: ManyHouse, { request }: Asked): string | null {
  const accepted = house.seen.find((one) => one.request === request && one.event.type === "Accepted")?.event;
  return accepted?.type === "Accepted" ? accepted.server : null;
}

/** Resolves while so many calls of this server are going on. */
function calling(house: ManyHouse, server: string, atLeast: number): Promise<number> {
  return house.until((seen) => {
    const placed = seen.filter(({ event }) => event.type === "Accepted" && event.server === server);
    const going = placed.filter(({ request }) => {
      const history = house.history(request);
      return (
        history.includes("CallAnswered") &&
        !history.includes("CallCompleted") &&
        !history.includes("CallLost")
      );
    });
    return going.length >= atLeast ? going.length : undefined;
  });
}

/** Names of the processes that have owned partitions, newest last. */
async function owners(house: ManyHouse): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (let partition = 0; partition < house.log.partitionCount("state"); partition += 1) {
    for await (const records of house.log.read("state", partition)) {
      for (const record of records) {
        if (record.ok && record.message?.type === "OwnershipTaken") names.add(record.message.owner);
      }
    }
  }
  return names;
}

/** Resolves with the last event of each, in order. */
function endings(house: ManyHouse, asked: readonly Asked[]): Promise<readonly RequestEvent[]> {
  return Promise.all(asked.map(({ request }) => house.over(request)));
}

function stepOf(event: RequestEvent): string {
  if (event.type === "DispatchRejected") return `${event.type} ${event.reason} by ${event.server}`;
  return event.type;
}

/** Told with what happened, where one was not. */
async function expectCompleted(house: ManyHouse, asked: readonly Asked[]): Promise<void> {
  await endings(house, asked);
  const histories = asked.map(({ request }) =>
    house.seen.filter((one) => one.request === request).map(({ event }) => stepOf(event)),
  );
  expect(histories.filter((history) => history.at(-1) !== "RequestCompleted")).toEqual([]);
}

/** The tests, in the order of their story; `house` answers what `startMany` made. */
export function manyOfEach(house: () => ManyHouse): void {
  test("two dispatchers and three telephony servers share the work, and each call is placed once (E02, I01, J10)", async () => {
    const asked = await Promise.all(Array.from({ length: 24 }, () => ask(house())));
    await expectCompleted(house(), asked);
    for (const { number } of asked) expect(rung(house(), number)).toBe(1);
    const used = new Set(asked.map((one) => serverOf(house(), one)));
    expect(used).toEqual(new Set(["telephony-1", "telephony-2", "telephony-3"]));
    expect((await owners(house())).size).toBe(2);
  });

  test("one of each joins under load: it takes its part, and nothing is lost (E06, I01, A05)", async () => {
    const before = await owners(house());
    const work = async (): Promise<void> => {
      await calling(house(), "telephony-1", 1);
      await Promise.all([
        house().add({ role: "dispatcher", name: "dispatcher-3", settings: {} }),
        house().add(shared(house().config, SERVERS)),
      ]);
      await calling(house(), "telephony-4", 2);
    };
    const asked = await askWhile(house(), work());
    await expectCompleted(house(), asked);
    for (const { number } of asked) expect(rung(house(), number)).toBe(1);
    expect(asked.map((one) => serverOf(house(), one))).toContain("telephony-4");
    expect((await owners(house())).size).toBeGreaterThan(before.size);
  });

  test("one of each leaves under load: its calls come to their end, and it takes no more (I09, A07)", async () => {
    let askedToLeaveAt = 0;
    const work = async (): Promise<void> => {
      await calling(house(), "telephony-1", 2);
      askedToLeaveAt = Date.now();
      await Promise.all([
        house().supervisor.retire("telephony-1", 30_000),
        house().supervisor.retire("dispatcher-1", 30_000),
      ]);
    };
    const asked = await askWhile(house(), work());
    await expectCompleted(house(), asked);
    for (const { number } of asked) expect(rung(house(), number)).toBe(1);
    const takenByIt = asked.filter((one) => serverOf(house(), one) === "telephony-1");
    expect(takenByIt.length).toBeGreaterThan(0);
    // It had calls when it was asked, and began none long after.
    const began = takenByIt.map(
      ({ number }) => house().board.calls.find((call) => call.number === number)?.beganAt ?? 0,
    );
    expect(Math.max(...began) - askedToLeaveAt).toBeLessThan(2_000);
  });

  test("one of each is killed with calls running: every Request ends, nobody is called twice (J07, L03, L08, I09)", async () => {
    const work = async (): Promise<void> => {
      await calling(house(), "telephony-2", 2);
      await Promise.all([house().kill("telephony-2"), house().kill("dispatcher-2")]);
      await Promise.all([
        house().supervisor.whenReady("telephony-2"),
        house().supervisor.whenReady("dispatcher-2"),
      ]);
    };
    const asked = await askWhile(house(), work());
    const ended = await endings(house(), asked);
    for (const { number } of asked) expect(rung(house(), number)).toBeLessThanOrEqual(1);
    const failed = asked.filter((_, index) => ended[index]?.type !== "RequestCompleted");
    // Only what the killed server carried is lost, and it says so.
    expect(failed.length).toBeGreaterThan(0);
    for (const one of failed) {
      expect(serverOf(house(), one)).toBe("telephony-2");
      expect(await house().over(one.request)).toMatchObject({ type: "RequestFailed", outcome: "lost" });
    }
  });
}
