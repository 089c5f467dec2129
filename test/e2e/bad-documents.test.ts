import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  GUEST,
  type Processes,
  ringingPhone,
  startProcesses,
  startWeb,
  type WatchedPhone,
} from "../support/processes.ts";

let phone: WatchedPhone;
let house: Processes;
let web: Awaited<ReturnType<typeof startWeb>>;

const VXML = 'xmlns="http://www.w3.org/2001/vxml" version="2.1"';
const DOCUMENTS: Readonly<Record<string, string>> = {
  "/not-well-formed": `<vxml ${VXML}><form><block>`,
  "/loops": `<vxml ${VXML}><form id="a"><block><goto next="#a"/></block></form></vxml>`,
  "/script-loops": `<vxml ${VXML}><form><block><var name="x" expr="(function(){while(true){}})()"/></block></form></vxml>`,
  "/long": `<vxml ${VXML}><form><block><prompt><break time="20s"/></prompt></block></form></vxml>`,
};

beforeAll(async () => {
  web = await startWeb((request, response) => {
    const body = DOCUMENTS[request.url ?? ""];
    if (request.url === "/hangs") return;
    response
      .writeHead(body === undefined ? 404 : 200, { "content-type": "application/voicexml+xml" })
      .end(body ?? "");
  });
  phone = await ringingPhone({ answerAfterMs: 50 });
  house = await startProcesses({ trunk: phone.address });
});

afterAll(async () => {
  await house?.stop();
  await phone?.stop();
  await web?.close();
});

async function callWith(path: string): Promise<{ outcome: string; event: string | null }> {
  const request = await house.request({ to: GUEST, document: { url: `${web.url}${path}` } });
  const { outcome, dialogEvent } = await house.event(request, "CallCompleted");
  await house.over(request);
  await phone.idle();
  return { outcome, event: dialogEvent };
}

describe("a document that is bad ends its own call, clearly, and nothing else", () => {
  test("not well formed", async () => {
    const { outcome, event } = await callWith("/not-well-formed");
    expect(outcome).toBe("session-failed");
    expect(event).toMatch(/^error\.badfetch/);
  });
  test("404", async () => {
    expect(await callWith("/missing")).toEqual({
      outcome: "session-failed",
      event: "error.badfetch.http.404",
    });
  });
  test("never answered", async () => {
    const { outcome, event } = await callWith("/hangs");
    expect(outcome).toBe("session-failed");
    expect(event).toMatch(/^error\.badfetch/);
  });
  test("going round for ever", async () => {
    const { outcome, event } = await callWith("/loops");
    expect(outcome).toBe("session-failed");
    expect(event).toMatch(/limit/);
  });
  test("with a script that never ends", async () => {
    const { outcome, event } = await callWith("/script-loops");
    expect(outcome).toBe("session-failed");
    expect(event).toMatch(/^error\.semantic/);
  });
  test("inline and right: said all the same", async () => {
    const text = `<vxml ${VXML}><form><block><prompt>Hello.</prompt><exit expr="'done'"/></block></form></vxml>`;
    const request = await house.request({ to: GUEST, document: { inline: text } });
    const { outcome, exit } = await house.event(request, "CallCompleted");
    expect(outcome).toBe("completed");
    expect(exit && (await house.keyring.open(exit))).toBe('"done"');
    await phone.idle();
  });
});

describe("limits of a call", () => {
  test("the session ends at its maximum length (B05, K14)", async () => {
    const request = await house.request({
      to: GUEST,
      document: { url: `${web.url}/long` },
      maxSessionSeconds: 2,
    });
    const { localCause, talkMs } = await house.event(request, "CallCompleted");
    expect(localCause).toBe("session-limit");
    expect(talkMs).toBeGreaterThanOrEqual(1_900);
    expect(talkMs).toBeLessThan(4_000);
  });
});
