/** The telephony role: SIP, media, dialogs and the call journal under one server's name. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createFileJournal } from "../adapters/call-journal/file-journal.ts";
import { createFetcher } from "../adapters/fetch/fetcher.ts";
import { lockName } from "../adapters/process/name-lock.ts";
import { createFliteSpeech } from "../adapters/speech/flite/flite-speech.ts";
import { createMediaPlane } from "../adapters/telephony/rtp/threaded-media-plane.ts";
import { createTelephony } from "../adapters/telephony/telephony.ts";
import { callerDocument } from "../adapters/voicexml/caller-document.ts";
import { createDialogRunner } from "../adapters/voicexml/runner.ts";
import type { Config } from "../config.ts";
import { parseServerId } from "../domain/kernel/identifiers.ts";
import { instant, milliseconds } from "../domain/kernel/time.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { ADMISSION_LIMITS } from "../domain/server/admission.ts";
import { holdIfOlder } from "../services/recovery.ts";
import { rememberSeen } from "../services/seen-marks.ts";
import { forgetGrantHistory } from "../services/telephony/grant-history.ts";
import { createSoleServer } from "../services/telephony/sole-server.ts";
import { createTelephonyServer } from "../services/telephony/telephony-server.ts";
import { openHouse } from "./house.ts";
import type { Observer, Role, TellWaiting } from "./role.ts";
import { system } from "./system.ts";

/** Told to whoever we fetch from. */
const USER_AGENT = "reveille/0.1.0";

export async function startTelephony(
  config: Config,
  operatorLog: OperatorLog,
  tellWaiting?: TellWaiting,
  observe?: Observer,
): Promise<Role> {
  const { clock, chance } = system;
  const settings = config.telephony;
  const server = parseServerId(settings.server);
  if (server === null)
    throw new Error(
      `REVEILLE_SERVER "${settings.server}" is no name; give lower-case letters, digits and hyphens`,
    );
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  const name = lockName(join(config.dataFolder, `${server}.lock`), `telephony server "${server}"`);
  const { log, keyring, ended, close } = await openHouse(config, server, operatorLog, tellWaiting);
  const formerRun = name.lastNote === null ? null : instant(name.lastNote);
  const sole = createSoleServer(server, formerRun, { log, clock });
  await sole.claim();
  const speech = createFliteSpeech({ voice: settings.voice });
  const fetcher = createFetcher({ allowLoopback: config.development, userAgent: USER_AGENT });
  const dialogs = createDialogRunner({
    speech,
    fetcher,
    clock,
    chance,
    workers: settings.dialogWorkers,
    defaults: null,
    limits: {},
    userAgent: USER_AGENT,
    transfer: null,
  });
  const media = createMediaPlane({ portRange: settings.rtpPorts, log: operatorLog });
  const telephony = createTelephony(telephonyOptions(config), { media, clock, log: operatorLog });
  const journal = createFileJournal({
    path: join(config.dataFolder, `${settings.server}.journal`),
    onTornTail: (bytes) =>
      operatorLog.warn("the call journal ended in a torn record, which was cut off", { bytes }),
  });
  // Before anything else: where the log has lost what this server wrote, nobody may be called.
  const seen = rememberSeen(log, journal, clock);
  const lost = await holdIfOlder({ log, clock, chance, operatorLog }, `telephony/${server}`, seen.marks);
  seen.forget(lost);
  if (lost.length > 0) forgetGrantHistory(journal);
  const role = createTelephonyServer(
    {
      server,
      ports: settings.ports,
      inboundReserve: settings.inboundReserve,
      holdMs: milliseconds(config.dispatcher.offerTtlMs),
      reportEveryMs: milliseconds(1_000),
      admission: ADMISSION_LIMITS,
      localUri: `sip:reveille@${settings.sip.host}`,
      callerDocument:
        settings.callerDocument === null
          ? { kind: "inline", text: callerDocument() }
          : { kind: "url", url: settings.callerDocument },
      inboundSessionMsMax: milliseconds(600_000),
    },
    {
      log: seen.log,
      telephony,
      dialogs,
      journal: seen.journal,
      keyring,
      clock,
      chance,
      operatorLog,
      ...(observe === undefined ? {} : { observe }),
    },
  );
  name.note(role.startedAt);
  sole.runs(role.startedAt);
  await role.start();
  return {
    listens: { sip: `${settings.sip.host}:${telephony.sipAddress()?.port ?? settings.sip.port}` },
    ended: Promise.race([role.ended, sole.ended, ended]),
    drain: () => role.drain(milliseconds(settings.drainMs)),
    async stop() {
      await role.stop();
      await sole.stop();
      await Promise.all([media.close(), speech.close(), fetcher.close(), journal.close()]);
      await close();
      name.release();
    },
  };
}

function telephonyOptions(config: Config): Parameters<typeof createTelephony>[0] {
  const { sip, trunk, ports } = config.telephony;
  return {
    sip: { listenAddress: sip.host, listenPort: sip.port },
    mediaAddress: sip.host,
    identity: { user: "reveille", host: sip.host },
    trunks: [
      {
        name: "main",
        host: trunk.host,
        port: trunk.port,
        // One more than there are ports: who calls in vain hears "busy here" from the server, not from the trunk.
        channels: ports + 1,
        signallingAddresses: [],
        mediaAddresses: [],
        mediaSourceCheck: "strict",
        numbers: "plus",
        progressIsAlerting: false,
        forceRport: false,
      },
    ],
    allowLoopback: config.development,
  };
}
