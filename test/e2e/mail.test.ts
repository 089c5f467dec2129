import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDigests } from "../../adapters/system/digests.ts";
import { readConfig } from "../../config.ts";
import { signatureHeader } from "../../domain/security/signed-message.ts";
import { applyDirectory } from "../support/house-setup.ts";
import {
  CALLING_ROLES,
  GUEST,
  PASSWORD,
  type Processes,
  ringingPhone,
  SENDER,
  startProcesses,
  type WatchedPhone,
} from "../support/processes.ts";
import { hello } from "../support/programs.ts";
import { idIn, type Login, sendByHand } from "./mail-to-house.ts";

const SECRET = "a-secret-of-sufficient-length";

let phone: WatchedPhone;
let house: Processes;
let smtp: string;

beforeAll(async () => {
  phone = await ringingPhone({ answerAfterMs: 50 });
  house = await startProcesses({ trunk: phone.address, roles: CALLING_ROLES });
  await register({ sender: "signer", signingKey: { keyId: "signer-1", secret: SECRET } });
  await register({ sender: "closed", password: PASSWORD, suspended: true });
  // A gateway that is ready has read every account: its next run knows these two.
  await house.kill("gateway");
  const listens = await house.supervisor.whenReady("gateway");
  smtp = listens["smtp"] ?? "";
});
afterAll(async () => {
  await house?.stop();
  await phone?.stop();
});

async function register(sender: object): Promise<void> {
  const config = readConfig({ REVEILLE_DATA: join(house.folder, "data") });
  await applyDirectory(config, { senders: [sender as { sender: string }] });
}

const request = (change: object = {}): string =>
  JSON.stringify({ to: GUEST, document: { inline: hello() }, ...change });

let mails = 0;
/** Answers the last reply; without `login` it comes from a stranger. */
function deliver(options: {
  readonly login?: Login | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly request?: string;
}): Promise<string> {
  mails += 1;
  const { login = null, headers = {}, request: body = request() } = options;
  return sendByHand(smtp, { login, headers, request: body });
}

const utf8 = new TextEncoder();
function sign(body: string, change: { readonly secret?: string; readonly created?: number } = {}): string {
  const created = String(change.created ?? Math.floor(Date.now() / 1000));
  const parts = {
    keyId: "signer-1",
    created,
    id: `signed-${mails}`,
    method: "MAIL",
    path: "/",
    body: utf8.encode(body),
  };
  return signatureHeader(parts, change.secret ?? SECRET, createDigests());
}

describe("a mail authorised by its content alone", () => {
  test("ends in a call (B08, C01, H05)", async () => {
    const body = request({ userData: "room 9" });
    const answer = await deliver({ headers: { "Reveille-Authorization": sign(body) }, request: body });
    expect(answer).toMatch(/^250 /);
    const id = idIn(answer);
    expect(await house.event(id, "RequestReceived")).toMatchObject({
      channel: "email",
      authentication: { mechanism: "message-digest", keyId: "signer-1" },
      terms: { sender: "signer" },
    });
    expect(await house.over(id)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
  });

  test("and sent again unchanged is the same Request, not a second call (H09)", async () => {
    const body = request({ notBefore: "2035-01-01T00:00:00Z", notAfter: "2035-01-02T00:00:00Z" });
    const headers = { "Reveille-Authorization": sign(body) };
    const first = await deliver({ headers, request: body });
    const again = await deliver({ headers, request: body });
    expect(idIn(first)).not.toBe("");
    expect(idIn(again)).toBe(idIn(first));
    expect(again).toContain("taken before");
  });
});

describe("refused in the dialogue, with code and reason, and nothing is stored or placed", () => {
  test.each([
    [
      "a digest by another secret",
      () => ({
        headers: { "Reveille-Authorization": sign(request(), { secret: "another-secret-entirely" }) },
      }),
      /^535 5\.7\.8 credentials-wrong/,
    ],
    [
      "a digest of another body",
      () => ({ headers: { "Reveille-Authorization": sign(request({ to: "+12125550199" })) } }),
      /^535 5\.7\.8 credentials-wrong/,
    ],
    [
      "a digest that was made two hours ago",
      () => ({
        headers: {
          "Reveille-Authorization": sign(request(), { created: Math.floor(Date.now() / 1000) - 7_200 }),
        },
      }),
      /^550 5\.7\.1 timestamp-outside-window/,
    ],
    ["nobody's mail", () => ({ login: null }), /^530 5\.7\.0 credentials-missing/],
    ["an unknown Sender", () => ({ login: ["nobody", PASSWORD] as const }), /^535 5\.7\.8 credentials-wrong/],
    [
      "a wrong password",
      () => ({ login: [SENDER, "not-the-password"] as const }),
      /^535 5\.7\.8 credentials-wrong/,
    ],
    [
      "a suspended account",
      () => ({ login: ["closed", PASSWORD] as const }),
      /^550 5\.7\.1 sender-suspended/,
    ],
    [
      "a Request that is not JSON",
      () => ({ login: [SENDER, PASSWORD] as const, request: "{" }),
      /^55[04] 5\.[67]\.\d json/,
    ],
    [
      "a Request with an unknown field",
      () => ({ login: [SENDER, PASSWORD] as const, request: request({ ringTimeout: 5 }) }),
      /^55[04] 5\.[67]\.\d field\.unknown/,
    ],
    [
      "an emergency number",
      () => ({ login: [SENDER, PASSWORD] as const, request: request({ to: "+19115550123" }) }),
      /^550 5\.7\.1 number\./,
    ],
  ] as const)("%s", async (_what, options, reply) => {
    const rung = phone.events.length;
    const answer = await deliver(options());
    expect(answer).toMatch(reply);
    const id = idIn(answer);
    // Only what policy has refused has a name, and its refusal is on record.
    expect(["", "PolicyRejected"]).toContain(id === "" ? "" : (await house.over(id)).type);
    expect(phone.events).toHaveLength(rung);
  });

  test("none of them came into the log but the one that policy had to refuse", () => {
    const ours = house.seen.filter(
      ({ event }) => event.type === "RequestReceived" && event.terms.sender === SENDER,
    );
    expect(ours).toHaveLength(1);
  });
});
