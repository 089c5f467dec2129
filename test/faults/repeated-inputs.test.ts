/** Row 43: an installation whose positions are lost reads every command and fact again, and does nothing again. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import type { EventLog } from "../../domain/ports/event-log.ts";
import { CALLING_ROLES, GUEST, ringingPhone, type WatchedPhone } from "../support/processes.ts";
import { BRIEF, makeHouse, type RestartableHouse } from "./restartable-house.ts";

let house: RestartableHouse | null = null;
let phone: WatchedPhone | null = null;
afterEach(async () => {
  await house?.close();
  await phone?.stop();
});

/** Everything but the marks of owners, partition by partition. */
async function storyOf(log: EventLog): Promise<readonly string[]> {
  const story: string[] = [];
  for (let partition = 0; partition < log.partitionCount("events"); partition += 1) {
    for await (const records of log.read("events", partition)) {
      for (const record of records) {
        if (!record.ok || record.message?.type === "OwnershipTaken") continue;
        story.push(`${partition} ${record.envelope.id} ${record.message?.type}`);
      }
    }
  }
  return story;
}

test("inputs that are all given again call nobody and change no event (row 43)", async () => {
  phone = await ringingPhone({ answerAfterMs: 20 });
  house = await makeHouse({ trunk: phone.address, roles: CALLING_ROLES });
  await house.fleet.start();
  const first = await house.watch();
  const request = await house.ask({ to: GUEST, document: { inline: BRIEF } }, "once");
  await first.over(request);
  await phone.idle();
  await first.stop();
  await house.fleet.stop();
  const before = await house.withLog(storyOf);

  const db = new DatabaseSync(join(house.data, "log.db"));
  expect(db.prepare("DELETE FROM position").run().changes).toBeGreaterThan(0);
  db.close();
  await house.fleet.start();
  const second = await house.watch();
  // A second Request goes through the same partition, behind everything that is read again.
  await second.over(await house.ask({ to: GUEST, document: { inline: BRIEF } }, "twice"));
  await phone.idle();
  await second.stop();
  await house.fleet.stop();
  expect((await house.withLog(storyOf)).filter((line) => before.includes(line))).toEqual(before);
  expect((await house.withLog(storyOf)).filter((line) => line.endsWith("RequestReceived"))).toHaveLength(2);
  expect(phone.events.filter(({ what }) => what === "ringing")).toHaveLength(2);
}, 90_000);
