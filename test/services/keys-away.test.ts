/** The keys can't be looked up for a while: nobody is turned away for a wrong proof, called in vain, or told "erased". */
import { expect, onTestFinished, test } from "vitest";
import type { Keyring } from "../../domain/ports/keyring.ts";
import { KeyringUnavailableError } from "../../domain/ports/keyring.ts";
import { createGatekeeper } from "../../services/gatekeeper.ts";
import { createQueries } from "../../services/queries.ts";
import { account, createFakeClock, createFakeDigests, sealForTest } from "../support/fake-gate-ports.ts";
import { createHouse } from "../support/house.ts";
import { HOTEL } from "../support/sample-request.ts";

const AWAY: Pick<Keyring, "open"> = {
  open: () => Promise.reject(new KeyringUnavailableError("the log does not answer")),
};
const HERE = { channel: "http", address: "192.0.2.1" } as const;

test("a signature that can't be checked now is neither wrong nor charged: come again", async () => {
  const clock = createFakeClock(1_795_000_000_000);
  const secret = sealForTest("a-secret-of-sixteen");
  const sender = account("acme", [{ mechanism: "message-digest", keyId: "acme-1", secret }]);
  const refusals: unknown[] = [];
  const gatekeeper = createGatekeeper({
    directory: { isReady: () => true, senderOf: () => sender, senderByKeyId: () => sender },
    keyring: AWAY,
    digests: createFakeDigests(),
    clock,
    chance: { bytes: (count) => new Uint8Array(count) },
    recordRefusal: (fact) => refusals.push(fact),
  });
  const proof = {
    mechanism: "message-digest",
    keyId: "acme-1",
    created: "1795000000",
    id: "m-1",
    signature: Buffer.alloc(32).toString("base64"),
    method: "POST",
    path: "/v1/requests",
    body: new Uint8Array(),
  } as const;
  // More often than an address may guess.
  for (let time = 0; time < 40; time += 1) {
    expect(await gatekeeper.authenticate(proof, HERE)).toEqual({
      ok: false,
      reason: "not-ready",
      retryAfterSeconds: 1,
    });
  }
  expect(refusals).toEqual([]);
});

test("what a Sender asks is refused for now, not answered with (erased)", async () => {
  const house = await createHouse();
  onTestFinished(() => house.close());
  await house.startDispatcher();
  const request = await house.post({ userData: "room 12" });
  await house.until(request, "RequestReceived");
  const away = createQueries({ board: house.board, keyring: AWAY });
  await expect(away.status(HOTEL, request)).rejects.toMatchObject({ retryable: true });
  const back = createQueries({ board: house.board, keyring: house.keyring });
  expect(await back.status(HOTEL, request)).toMatchObject({ userData: "room 12" });
});

test("a granted call is given back, and placed when the keys are there again", async () => {
  const house = await createHouse();
  onTestFinished(() => house.close());
  const { open } = house.keyring;
  let asked = 0;
  Object.assign(house.keyring, {
    open: (sealed: Parameters<typeof open>[0]) => {
      asked += 1;
      return asked === 1 ? AWAY.open(sealed) : open(sealed);
    },
  });
  await house.startDispatcher();
  const { telephony } = await house.startServer("alpha", {
    farEnd: () => ({ does: "answer", afterMs: 1_000, talkMs: 60_000 }),
  });
  const request = await house.post();
  await house.until(request, "RequestCompleted");
  expect(await house.history(request)).toContain("CallLost");
  expect(telephony.placed).toHaveLength(1);
});
