/** Power fails under a house at work: of the log's newest writes some never reached the disk, or only parts did. */
import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { EventLog } from "../../domain/ports/event-log.ts";
import { createDice } from "../simulation/dice.ts";
import { CALLING_ROLES, ringingPhone, type WatchedPhone } from "../support/processes.ts";
import { BRIEF, makeHouse, type RestartableHouse } from "./restartable-house.ts";

const REQUESTS = 60;
/** Acknowledged when the power fails; the others are on their way. */
const UNTIL_FAILURE = 40;
/** On their way together: few, so that acknowledgements come all along the log and not in one heap at its end. */
const TOGETHER = 3;
const CUTS = 6;
const PAGE_BYTES = 8_192;

let house: RestartableHouse | null = null;
let phone: WatchedPhone | null = null;
afterEach(async () => {
  await house?.close();
  await phone?.stop();
});

const numberOf = (index: number): string => `+1212555${String(1_000 + index)}`;

async function idsIn(log: EventLog): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let partition = 0; partition < log.partitionCount("requests"); partition += 1) {
    for await (const records of log.read("requests", partition)) {
      for (const record of records) {
        expect(record.ok).toBe(true);
        if (record.ok && record.message?.type === "SubmitRequest") ids.add(record.message.requestId);
      }
    }
  }
  return ids;
}

test("everything acknowledged is there after a power failure, wherever the newest writes were cut or spoilt, and the house works on (L03)", async () => {
  phone = await ringingPhone({ answerAfterMs: 20 });
  house = await makeHouse({ trunk: phone.address, roles: CALLING_ROLES });
  await house.fleet.start();
  const path = join(house.data, "log.db");
  /** Each acknowledged Request with the length of the WAL at the time: so much was on the disk. */
  const safe: { readonly id: string; readonly bytes: number }[] = [];
  const enough = Promise.withResolvers<void>();
  const ask = async (index: number): Promise<void> => {
    const id = await house?.ask({ to: numberOf(index), document: { inline: BRIEF } });
    safe.push({ id: id ?? "", bytes: statSync(`${path}-wal`).size });
    if (safe.length === UNTIL_FAILURE) enough.resolve();
  };
  let next = 0;
  const askOn = async (): Promise<void> => {
    while (next < REQUESTS) await ask(next++);
  };
  const asking = Promise.allSettled(Array.from({ length: TOGETHER }, askOn));
  await enough.promise;
  await house.fleet.cutPower();
  await asking;

  const size = statSync(`${path}-wal`).size;
  // Never before the first acknowledgements, or a cut would have nothing to betray.
  const from = safe[UNTIL_FAILURE / 4]?.bytes ?? size;
  const dice = createDice(20_261_121);
  let held = 0;
  for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${path}${end}.kept`);
  for (let cut = 0; cut < CUTS; cut += 1) {
    for (const end of ["", "-wal"]) copyFileSync(`${path}${end}.kept`, `${path}${end}`);
    rmSync(`${path}-shm`, { force: true });
    const at = dice.between(from, size);
    if (dice.happens(0.5)) truncateSync(`${path}-wal`, at);
    else spoil(`${path}-wal`, at);
    const ids = await house.withLog(idsIn);
    const promised = safe.filter(({ bytes }) => bytes <= at).map(({ id }) => id);
    expect(promised.filter((id) => !ids.has(id))).toEqual([]);
    held += promised.length;
  }
  expect(held).toBeGreaterThan(UNTIL_FAILURE);

  await house.fleet.start();
  const watching = await house.watch();
  const later = await house.ask({ to: numberOf(REQUESTS), document: { inline: BRIEF } });
  // It waits for the telephone like all that survived: taken and decided is what shows that the house works.
  await watching.event(later, "RequestQueued");
  await watching.stop();
}, 120_000);

function spoil(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, at, Math.min(bytes.length, at + PAGE_BYTES));
  writeFileSync(file, bytes);
}
