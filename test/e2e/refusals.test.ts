import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CALLING_ROLES,
  GUEST,
  type Processes,
  ringingPhone,
  SENDER,
  startProcesses,
} from "../support/processes.ts";

const DOCUMENT = { url: "https://hotel.example/wake-up.vxml" };

/** A trunk that answers nothing and counts what reaches it. */
async function openSink(): Promise<{ socket: Socket; address: string; datagrams: () => number }> {
  const socket = createSocket("udp4");
  let count = 0;
  socket.on("message", (message) => {
    // An OPTIONS asks whether the trunk is alive; everything else would be a call.
    if (!message.toString("latin1").startsWith("OPTIONS ")) count += 1;
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { socket, address: `127.0.0.1:${socket.address().port}`, datagrams: () => count };
}

function authorization(sender: string, password: string): string {
  return `Basic ${Buffer.from(`${sender}:${password}`).toString("base64")}`;
}

async function refused(answer: Response): Promise<{ status: number; type: string }> {
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  const { type } = (await answer.json()) as { type: string };
  return { status: answer.status, type };
}

describe("what is refused over HTTP never reaches the trunk", () => {
  let sink: Awaited<ReturnType<typeof openSink>>;
  let house: Processes;

  beforeAll(async () => {
    sink = await openSink();
    house = await startProcesses({ trunk: sink.address, roles: CALLING_ROLES });
  });
  afterAll(async () => {
    await house?.stop();
    sink?.socket.close();
  });

  function send(body: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://${house.gateway}/v1/requests`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: authorization(SENDER, "a-long-password"),
        "idempotency-key": `"${crypto.randomUUID()}"`,
        ...headers,
      },
      body,
    });
  }

  test("malformed JSON", async () => {
    expect(await refused(await send('{"to": '))).toMatchObject({
      status: 400,
      type: "/problems/json-malformed",
    });
  });

  test("a field that nobody knows is named", async () => {
    const answer = await send(JSON.stringify({ to: GUEST, document: DOCUMENT, ringTimeout: 3 }));
    const body = (await answer.json()) as { errors: { pointer: string; code: string }[] };
    expect(answer.status).toBe(422);
    expect(body.errors).toMatchObject([{ pointer: "/ringTimeout", code: "field.unknown" }]);
  });

  test.each([
    ["an unknown Sender", authorization("nobody", "a-long-password")],
    ["a wrong password", authorization(SENDER, "another-password")],
  ])("%s, and both are told the same (G01, H02)", async (_who, header) => {
    const body = JSON.stringify({ to: GUEST, document: DOCUMENT });
    const answer = await send(body, { authorization: header });
    expect(answer.headers.get("www-authenticate")).not.toBeNull();
    expect(await refused(answer)).toMatchObject({ status: 401, type: "/problems/credentials-wrong" });
  });

  test.each([
    ["no number at all", "reception"],
    ["without its plus sign", "14155550199"],
    ["a SIP address", "sip:+14155550199@evil.example"],
    ["with a line break", "+14155550199\r\nX: y"],
    ["with an extension", "+14155550199;ext=5"],
    ["with a pause and digits", "+14155550199,,911"],
    ["in full-width digits", "＋１２１２５５５０１２３"],
    ["forty digits long", `+1${"2".repeat(39)}`],
    ["911 itself", "911"],
    ["911 with a plus sign", "+911"],
    ["911 behind the country code", "+1911"],
  ])("a number that is %s is 422 (G07)", async (_what, to) => {
    const answer = await send(JSON.stringify({ to, document: DOCUMENT }));
    const body = (await answer.json()) as { errors: { pointer: string; code: string }[] };
    expect(answer.status).toBe(422);
    expect(body.errors).toMatchObject([{ pointer: "/to", code: "number.malformed" }]);
    expect(JSON.stringify(body)).not.toContain(to);
  });

  test.each([
    ["911 and more digits", "+19116666666", "number.invalid"],
    ["911 and an ordinary subscriber number", "+19115550123", "number.invalid"],
    ["112 behind the country code", "+1112555012", "number.invalid"],
    ["999 in the United Kingdom", "+44999999999", "number.invalid"],
    ["988, which the number tables do not know", "+19885550123", "number.invalid"],
    ["a premium number in the United States", "+19005550123", "number.premium"],
    ["a premium number in the United Kingdom", "+449098790123", "number.premium"],
    ["a satellite telephone", "+870773111632", "number.high-risk"],
    ["international premium rate", "+979123456789", "number.premium"],
  ])("policy refuses %s, with its reason, and keeps every verdict (F16, G07)", async (_what, to, reason) => {
    const answer = await send(JSON.stringify({ to, document: DOCUMENT }));
    const body = (await answer.json()) as { type: string; reasonCode: string; requestId: string };
    expect(answer.status).toBe(422);
    expect(body).toMatchObject({ type: "/problems/policy-rejected", reasonCode: reason });
    const rejected = await house.event(body.requestId, "PolicyRejected");
    expect(rejected.verdicts.length).toBeGreaterThan(5);
    expect(JSON.stringify(rejected)).not.toContain(to.slice(1));
  });

  test("none of them was placed: nothing but OPTIONS came out of the house", () => {
    expect(house.seen.filter(({ event }) => event.type === "CallPlaced")).toEqual([]);
    expect(sink.datagrams()).toBe(0);
  });
});

describe("a document at an address that nobody may fetch", () => {
  let trap: Server;
  let house: Processes;
  let connections = 0;

  beforeAll(async () => {
    trap = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    await new Promise<void>((resolve) => trap.close(() => resolve()));
  });

  test("ends the call as blocked, without a connection", async () => {
    const phone = await ringingPhone({ answerAfterMs: 50 });
    house = await startProcesses({ trunk: phone.address, roles: CALLING_ROLES });
    const address = trap.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const urls = [
      "http://169.254.169.254/latest/meta-data/",
      "http://10.0.0.1/app.vxml",
      "http://[fd00::1]/app.vxml",
      `http://0.0.0.0:${port}/app.vxml`,
      `http://[::ffff:10.0.0.1]:${port}/app.vxml`,
    ];
    try {
      for (const url of urls) {
        const request = await house.request({ to: GUEST, document: { url } });
        expect({ url, ...(await house.event(request, "CallCompleted")) }).toMatchObject({
          url,
          outcome: "session-failed",
          dialogEvent: "error.badfetch.blocked",
        });
        expect(await house.over(request)).toMatchObject({ type: "RequestFailed" });
        await phone.idle();
      }
      expect(connections).toBe(0);
    } finally {
      await house.stop();
      await phone.stop();
    }
  }, 60_000);
});
