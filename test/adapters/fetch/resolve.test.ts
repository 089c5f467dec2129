import { createSocket } from "node:dgram";
import { expect, onTestFinished, test } from "vitest";
import { createResolve } from "../../../adapters/fetch/guarded-agent.ts";
import { getOf, NEVER, newFetcher } from "./canary.ts";

const A = 1;
const AAAA = 28;
const NO_SUCH_NAME = 3;

type Records = Readonly<Record<string, readonly (readonly [type: number, address: readonly number[]])[]>>;

/** A name server that knows these names, says "no such name" to others, and nothing at all to "silent.example". */
async function startNameServer(records: Records): Promise<string> {
  const server = createSocket("udp4");
  server.on("message", (query, from) => {
    const reply = replyTo(query, records);
    if (reply !== null) server.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return `127.0.0.1:${server.address().port}`;
}

/** RFC 1035 4.1: header, the question again, and answers that point to its name. */
function replyTo(query: Buffer, records: Records): Buffer | null {
  let at = 12;
  const labels: string[] = [];
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  const name = labels.join(".").toLowerCase();
  if (name === "silent.example") return null;
  const type = query.readUInt16BE(at + 1);
  const known = records[name];
  const answers = (known ?? []).filter(([of]) => of === type);
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180 | (known === undefined ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  const written = answers.map(([of, address]) =>
    Buffer.from([0xc0, 12, 0, of, 0, 1, 0, 0, 0, 60, 0, address.length, ...address]),
  );
  return Buffer.concat([header, query.subarray(12, at + 5), ...written]);
}

const LOOPBACK_V6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

test("a name has all its addresses, of both families", async () => {
  const server = await startNameServer({
    "ivr.example": [
      [A, [93, 184, 216, 34]],
      [AAAA, LOOPBACK_V6],
    ],
    "four.example": [[A, [93, 184, 216, 34]]],
  });
  const resolve = createResolve({ servers: [server] });
  expect(await resolve("ivr.example")).toEqual(["93.184.216.34", "::1"]);
  expect(await resolve("four.example")).toEqual(["93.184.216.34"]);
});

test("a name that does not exist, and a server that is silent, are failures within their time", async () => {
  const server = await startNameServer({});
  const resolve = createResolve({ servers: [server], timeoutMs: 50 });
  await expect(resolve("nowhere.example")).rejects.toThrow(/has no address/);
  await expect(resolve("silent.example")).rejects.toThrow(/has no address/);
});

test("a public and a private record under one name are refused together", async () => {
  const server = await startNameServer({
    "mixed.example": [
      [A, [93, 184, 216, 34]],
      [AAAA, LOOPBACK_V6],
    ],
  });
  const fetcher = newFetcher({ resolve: createResolve({ servers: [server] }) });
  expect(await fetcher.fetch(getOf("https://mixed.example/"), NEVER)).toMatchObject({
    ok: false,
    failure: "blocked",
  });
  expect(await fetcher.fetch(getOf("https://nowhere.example/"), NEVER)).toMatchObject({
    ok: false,
    failure: "connection-failed",
  });
});
