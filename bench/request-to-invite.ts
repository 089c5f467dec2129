/**
 * From the first byte of a POST to the INVITE on the wire: gateway, dispatcher and telephony server as processes
 * over the embedded log, or with `--kafka` on a broker of their own; a bare UDP socket as the trunk that finds
 * everybody busy. Clocks need no comparing, for both ends are this process.
 *
 * Against the durable writes alone: what rests on something goes out only when that is durable, and several such
 * writes in a row rest on one another (see durable-hops.ts). One after the other, at the same rate, they are the
 * floor.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Agent, request as postRequest } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { API_KEY, benchLog, benchNumber, startBenchHouse } from "./bench-house.ts";
import { printBench } from "./bench-line.ts";
import { embeddedHops, kafkaHops } from "./durable-hops.ts";
import { BENCH_PREFIX, type KafkaBench, startKafkaBench } from "./kafka-bench.ts";
import { percentile } from "./percentile.ts";

const PER_SECOND = 20;
/** Requests before the first that counts: two seconds, and thirty beside a broker, whose JVM compiles for twenty. */
const WARM_UPS = { embedded: 40, kafka: 600 };
const MEASURED = 400;
/** For the last INVITE after the last POST. */
const LATE_MS_MAX = 10_000;
const HOPS = { rounds: MEASURED / 4, perSecond: PER_SECOND * 4 };

const { values } = parseArgs({
  // For a profile of each role: --node-options "--cpu-prof --cpu-prof-dir=DIR"
  options: { kafka: { type: "boolean" }, "node-options": { type: "string" } },
});
const name = values.kafka === true ? "request-to-invite-kafka" : "request-to-invite";
const WARM_UP = values.kafka === true ? WARM_UPS.kafka : WARM_UPS.embedded;
const broker = values.kafka === true ? await startKafkaBench(name) : null;
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
  settings: {
    REVEILLE_PORTS: "200",
    ...(broker === null ? {} : onBrokers(broker.addresses)),
    ...(values["node-options"] === undefined ? {} : { NODE_OPTIONS: values["node-options"] }),
  },
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
  const embedded = broker === null ? await embeddedHops(house.config.dataFolder, HOPS) : null;
  await house.stop();
  // Into the house's own topics, which nobody reads any more.
  const hops = embedded ?? (await kafkaHops(requireBroker(), HOPS));
  const p50 = percentile(latenciesMs, 0.5);
  printBench({
    name,
    figures: {
      perSecond: PER_SECOND,
      p50Ms: p50,
      p99Ms: percentile(latenciesMs, 0.99),
      durableHopsP50Ms: percentile(hops.timesMs, 0.5),
      durableHopsP99Ms: percentile(hops.timesMs, 0.99),
      missing: MEASURED - latenciesMs.length,
    },
    ratio: percentile(hops.timesMs, 0.5) / p50,
    against: `${hops.what} / POST to INVITE, p50`,
    goals: [
      { figure: "p50Ms", atMost: broker === null ? 12 : 25 },
      { figure: "p99Ms", atMost: broker === null ? 40 : 80 },
      { figure: "missing", atMost: 0 },
    ],
    command: `node bench/request-to-invite.ts${broker === null ? "" : " --kafka"}`,
  });
} finally {
  agent.destroy();
  await house.stop();
  await broker?.stop();
  trunk.close();
}

function requireBroker(): KafkaBench {
  if (broker === null) throw new Error("bench: a measure of brokers without one");
  return broker;
}

/** As startKafkaBench has made the topics. */
function onBrokers(addresses: readonly string[]): Record<string, string> {
  return {
    REVEILLE_KAFKA: addresses.join(","),
    REVEILLE_KAFKA_PREFIX: BENCH_PREFIX,
    REVEILLE_KAFKA_PARTITIONS: "8",
    REVEILLE_KAFKA_REPLICAS: "1",
  };
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
