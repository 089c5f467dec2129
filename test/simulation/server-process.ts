/** A telephony server of the run: the product's own role and journal between a simulated network and disk. */
import { createFileJournal } from "../../adapters/call-journal/file-journal.ts";
import type { ServerId } from "../../domain/kernel/identifiers.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import { ADMISSION_LIMITS } from "../../domain/server/admission.ts";
import type { OfferMessage } from "../../domain/server/offers.ts";
import { holdIfOlder } from "../../services/recovery.ts";
import { rememberSeen } from "../../services/seen-marks.ts";
import { forgetGrantHistory } from "../../services/telephony/grant-history.ts";
import { createTelephonyServer } from "../../services/telephony/telephony-server.ts";
import { type House, type Proc, SILENT, startProcess } from "./house.ts";
import { type Incarnation, START } from "./incarnation.ts";
import type { PlantSite } from "./plant.ts";
import { clockOf } from "./process-clock.ts";
import { createSimDisk, type SimDisk } from "./sim-disk.ts";
import {
  createSimDialogs,
  createSimTelephony,
  type NetworkWorld,
  type SimTelephony,
} from "./sim-telephony.ts";

export type ServerProc = Proc & { readonly disk: SimDisk; readonly telephony: () => SimTelephony | null };

/** Shorter than what it takes to declare a server gone: no grant may be obeyed after that. */
const HOLD_MS = 8_000;
const REPORT_EVERY_MS = 2_000;
/** Small, so that runs of a minute rewrite the file now and then. */
const COMPACT_FROM_BYTES = 6_000;
const JOURNAL = "journal";

export function startServer(house: House, network: NetworkWorld, index: number): ServerProc {
  const { scenario, plant, timeline, dice } = house;
  const name = `telephony-${index + 1}`;
  const disk = createSimDisk(timeline, dice);
  let telephony: SimTelephony | null = null;

  function openJournal(life: Incarnation, crash: () => void): CallJournal {
    return createFileJournal({
      path: JOURNAL,
      disk: disk.seenBy(life),
      abort: crash,
      limits: { compactFromBytes: COMPACT_FROM_BYTES },
      now: () => START + timeline.now(),
    });
  }

  /** As the program composes the role: first the comparison with what this server remembers of the log. */
  async function run(site: PlantSite, log: EventLog): Promise<void> {
    const { life } = site;
    // Nobody answers for a life that is over.
    telephony = null;
    const trueClock = clockOf(timeline, life);
    const clock = plant.clock?.(trueClock, site) ?? trueClock;
    const opened = openJournal(life, () => proc.crash());
    const simNetwork = createSimTelephony(network, life, name);
    const seen = rememberSeen(log, plant.journal?.(opened, site) ?? opened, clock);
    const recovery = { log, clock, chance: house.chance, operatorLog: SILENT };
    const lost = await holdIfOlder(recovery, name, seen.marks);
    seen.forget(lost);
    if (lost.length > 0) forgetGrantHistory(seen.journal);
    telephony = simNetwork;
    const server = createTelephonyServer(
      {
        server: name as ServerId,
        ports: scenario.ports,
        inboundReserve: scenario.inboundReserve,
        holdMs: milliseconds(plant.holdMs ?? HOLD_MS),
        reportEveryMs: milliseconds(REPORT_EVERY_MS),
        admission: ADMISSION_LIMITS,
        localUri: "sip:reveille@test.invalid",
        callerDocument: { kind: "inline", text: "<vxml/>" },
        inboundSessionMsMax: milliseconds(60_000),
      },
      {
        ...house,
        log: seen.log,
        telephony: plant.telephony?.(simNetwork, site, seen.journal) ?? simNetwork,
        dialogs: createSimDialogs(timeline, dice, life),
        journal: seen.journal,
        clock,
        operatorLog: SILENT,
      },
    );
    await Promise.race([server.ended, server.start().then(() => server.ended)]);
  }

  const proc = startProcess(house, { name, role: "telephony" }, run, (log) => watchGrants(house, log, name));
  return Object.assign(proc, { disk, telephony: () => telephony });
}

/** Notes which grants reached a server, and whether it had seen a newer epoch before. */
function watchGrants({ truth }: House, log: EventLog, server: string): EventLog {
  const newest = new Map<number, number>();
  function note(message: OfferMessage): void {
    if (message.server !== server) return;
    const seen = newest.get(message.partition) ?? 0;
    newest.set(message.partition, Math.max(seen, message.epoch));
    if (message.type === "Grant")
      truth.grants.push({ offer: message.offer, server, stale: message.epoch < seen });
  }
  return {
    ...log,
    follow: (topic, from, onRecords) =>
      log.follow(topic, from, (records) => {
        for (const record of records) {
          if (record.topic === "offers" && record.ok && record.message !== null)
            note(record.message as OfferMessage);
        }
        return onRecords(records);
      }),
  };
}
