/**
 * From the first byte of a POST to the INVITE on the wire: gateway, dispatcher and telephony server as processes
 * over the embedded log, a bare UDP socket as the trunk that finds everybody busy. Clocks need no comparing, for
 * both ends are this process.
 *
 * Against the disk: what rests on something goes out only when that is durable, and here three things in a row
 * rest on one another (the offer's commit, the grant's commit, the journal before the INVITE). Three appends to
 * the bare store, one after the other at the same rate, are therefore the floor.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Agent, request as postRequest } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { API_KEY, benchLog, benchNumber, startBenchHouse } from "./bench-house.ts";
import { printBench } from "./bench-line.ts";
import { percentile } from "./percentile.ts";
import { openRawStore } from "./raw-log.ts";

const PER_SECOND = 20;
const WARM_UP = 40;
const MEASURED = 400;
const DURABLE_HOPS = 3;
/** For the last INVITE after the last POST. */
const LATE_MS_MAX = 10_000;

const nodeOptions = process.argv[2];
const posted = new Map<string, number>();
const latenciesMs: number[] = [];
const wanted = Promise.withResolvers<void>();
const trunk = createSocket("udp4");
trunk.on("message", (datagram, from) => answer(trunk, datagram.toString("latin1"), from));
trunk.bind(0, "127.0.0.1");
await once(trunk, "listening");
const house = await startBenchHouse({
  roles: ["telephony", "dispatcher", "gateway"],
  trunk: `127.0.0.1:${trunk.address().port}`,
  settings: { REVEILLE_PORTS: "200", ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }) },
});
// In turn: a connection that rests for seconds is closed by the gateway, perhaps just as we write.
const agent = new Agent({ keepAlive: true, maxSockets: 16, scheduling: "fifo" });
try {
  for (let index = 0; index < WARM_UP + MEASURED; index += 1) {
    // A Request that did not get through is missing below, and the bench has not met its goal.
    post(index).catch((error: unknown) =>
      benchLog.warn("a Request was not posted", { reason: String(error) }),
    );
    await pause(1_000 / PER_SECOND);
  }
  const late = setTimeout(() => wanted.resolve(), LATE_MS_MAX);
  await wanted.promise;
  clearTimeout(late);
  const hops = await hopsMs();
  const p50 = percentile(latenciesMs, 0.5);
  printBench({
    name: "request-to-invite",
    figures: {
      perSecond: PER_SECOND,
      p50Ms: p50,
      p99Ms: percentile(latenciesMs, 0.99),
      durableHopsP50Ms: percentile(hops, 0.5),
      durableHopsP99Ms: percentile(hops, 0.99),
      missing: MEASURED - latenciesMs.length,
    },
    ratio: percentile(hops, 0.5) / p50,
    against: `${DURABLE_HOPS} durable appends to the bare store, one after the other / POST to INVITE, p50`,
    goals: [
      { figure: "p50Ms", atMost: 12 },
      { figure: "p99Ms", atMost: 40 },
      { figure: "missing", atMost: 0 },
    ],
    command: "node bench/request-to-invite.ts",
  });
} finally {
  agent.destroy();
  await house.stop();
  trunk.close();
}

async function post(index: number): Promise<void> {
  const to = benchNumber(index);
  const body = JSON.stringify({ to, document: { url: "http://127.0.0.1:9/wake-up.vxml" } });
  const sent = postRequest(`http://${house.gateway}/v1/requests`, {
    method: "POST",
    agent,
    headers: {
      authorization: `Bearer ${API_KEY}`,
      "content-type": "application/json",
      "content-length": body.length,
      "idempotency-key": `"bench-${index}"`,
    },
  });
  if (index >= WARM_UP) posted.set(to, performance.now());
  sent.end(body);
  const [response] = await once(sent, "response");
  response.resume();
  if (response.statusCode !== 202) throw new Error(`bench: the gateway answered ${response.statusCode}`);
}

/** Busy, whoever is called; ACKs need no answer. */
function answer(
  socket: Socket,
  text: string,
  from: { readonly port: number; readonly address: string },
): void {
  const user = /^INVITE sip:([^@\s]+)@/.exec(text)?.[1];
  if (user === undefined) return;
  const number = decodeURIComponent(user);
  const since = posted.get(number);
  if (since !== undefined) {
    posted.delete(number);
    latenciesMs.push(performance.now() - since);
    if (latenciesMs.length === MEASURED) wanted.resolve();
  }
  const kept = text.split("\r\n").filter((line) => /^(?:Via|From|Call-ID|CSeq):/i.test(line));
  const to = /^To: *(.*)$/im.exec(text)?.[1]?.trim() ?? "";
  const lines = ["SIP/2.0 486 Busy Here", ...kept, `To: ${to};tag=busy`, "Content-Length: 0", "", ""];
  socket.send(lines.join("\r\n"), from.port, from.address);
}

/** At the rate of the run: a disk that is always busy answers otherwise than one that rests. */
async function hopsMs(): Promise<readonly number[]> {
  const store = openRawStore(join(house.config.dataFolder, "floor.db"));
  const times: number[] = [];
  const value = Buffer.alloc(500);
  for (let index = 0; index < MEASURED / 4; index += 1) {
    const begun = performance.now();
    for (let hop = 0; hop < DURABLE_HOPS; hop += 1) {
      await store.append([{ topic: "requests", partition: 0, key: "floor", value, envelope: "[]" }]);
      await store.durable();
    }
    times.push(performance.now() - begun);
    await pause(1_000 / PER_SECOND / 4);
  }
  await store.close();
  return times;
}
