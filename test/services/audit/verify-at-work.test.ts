/** An audit beside a house at work: it must not accuse what is merely on its way. */
import { expect, test } from "vitest";
import { FINDINGS } from "../../../domain/audit/finding.ts";
import { parsePhoneNumber } from "../../../domain/kernel/phone-number.ts";
import { verifyLog } from "../../../services/audit/verify-log.ts";
import { createHouse } from "../../support/house.ts";
import { digests, RULES } from "./audited-history.ts";

const AUDITS = 30;

test("a house at work has no fault at any moment, though the log grows while it is read (L09)", async () => {
  const house = await createHouse();
  const dispatcher = await house.startDispatcher();
  const servers = [await house.startServer("telephony-1"), await house.startServer("telephony-2")];
  const faults: string[] = [];
  let events = 0;
  for (let round = 0; round < AUDITS; round += 1) {
    const to = parsePhoneNumber(`+1212555${String(1_000 + round * 37).slice(-4)}`);
    if (to !== null) await house.post({ to, maxAttempts: 2 });
    const auditing = verifyLog({ log: house.log, digests, askTables: null }, RULES);
    // The clock runs while the audit reads: commits fall between its batches.
    for (let step = 0; step < 20; step += 1) await house.clock.advance(100);
    const report = await auditing;
    events = report.partitions.reduce((sum, one) => sum + one.events, 0);
    for (const { code, detail } of report.findings)
      if (FINDINGS[code].severity === "fault") faults.push(`round ${round}: ${code}: ${detail}`);
  }
  expect(faults).toEqual([]);
  expect(events).toBeGreaterThan(150);
  for (const { server } of servers) await server.stop();
  await dispatcher.stop();
  await house.close();
});
