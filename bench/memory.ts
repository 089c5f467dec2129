/**
 * What waiting costs: an idle two-way port (RTP and RTCP bound, nothing agreed) beside a bare pair of datagram
 * sockets, and a dialog that waits for a key. The bounds are those that keep 672 of each on a small machine. Run
 * with --expose-gc.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createMediaPlane } from "../adapters/telephony/rtp/threaded-media-plane.ts";
import { createDialogTable } from "../adapters/voicexml/dialog-table.ts";
import { benchLog } from "./bench-house.ts";
import { printBench } from "./bench-line.ts";

const PORTS = 336;
const DIALOGS = 100;
/** The first ones pay for code and tables. */
const FIRST = 8;
const LOOPBACK = "127.0.0.1";
const KIB = 1_024;
const DOCUMENT = `<vxml version="2.1"><var name="name" expr="session.reveille.userData"/>
  <form><field name="pin" type="digits?length=4"><prompt>Hello <value expr="name"/>, your pin please.</prompt>
  <filled><exit expr="pin"/></filled></field></form></vxml>`;

const bareBytes = await bytesOfEach(PORTS, openBarePair);
const plane = createMediaPlane({ portRange: { first: 0, last: 0 }, log: benchLog });
const portBytes = await bytesOfEach(PORTS, () => plane.open(LOOPBACK));
await plane.close();
const dialogs = createDialogTable(
  (_session, step) => step(),
  () => undefined,
);
let session = 0;
const dialogBytes = await bytesOfEach(DIALOGS, openDialog);
printBench({
  name: "memory",
  figures: {
    idlePortKib: portBytes / KIB,
    bareSocketPairKib: bareBytes / KIB,
    dialogKib: dialogBytes / KIB,
  },
  ratio: null,
  against: "nothing: what bare sockets cost the process is near to nothing, and shown",
  goals: [
    { figure: "dialogKib", atMost: 600 },
    { figure: "idlePortKib", atMost: 64 },
  ],
  command: "node --expose-gc bench/memory.ts",
});
// Sockets and engines go with the process.
process.exit();

async function bytesOfEach(count: number, open: () => Promise<unknown>): Promise<number> {
  const held: unknown[] = [];
  for (let index = 0; index < FIRST; index += 1) held.push(await open());
  const before = usedBytes();
  for (let index = 0; index < count; index += 1) held.push(await open());
  const bytes = (usedBytes() - before) / count;
  if (held.length !== count + FIRST) throw new Error("bench: not everything is open");
  return bytes;
}

function usedBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function openBarePair(): Promise<readonly Socket[]> {
  return [await openBare(), await openBare()];
}

async function openBare(): Promise<Socket> {
  const socket = createSocket({ type: "udp4", lookup: (host, _options, done) => done(null, host, 4) });
  const listening = once(socket, "listening");
  socket.bind(0, LOOPBACK);
  await listening;
  return socket;
}

async function openDialog(): Promise<void> {
  session += 1;
  await dialogs.open({
    type: "open",
    session,
    start: {
      document: { kind: "inline", text: DOCUMENT, url: `reveille:inline/${session}` },
      session: { reveille: { userData: "Ada" } },
      defaults: null,
      hearsSpeech: false,
      limits: {},
    },
    seed: session,
    journal: [{ type: "start", now: 0, wall: 0 }],
    answered: 0,
    refuse: 0,
  });
}
