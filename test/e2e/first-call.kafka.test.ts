import { afterAll, beforeAll, expect, test } from "vitest";
import { type Application, startApplication } from "../../examples/wake-up-call/application.ts";
import {
  GUEST,
  PASSWORD,
  type Processes,
  ringingPhone,
  SENDER,
  startProcesses,
  type WatchedPhone,
} from "../support/processes.ts";
import { hello } from "../support/programs.ts";
import { describeOnBroker, useBroker } from "../support/real-broker.ts";
import { accountOf, attemptsIn } from "./call-accounting.ts";
import { kafkaHouseSettings } from "./kafka-house.ts";
import { idIn, sendByHand, sendByProgram } from "./mail-to-house.ts";

const TALK = { to: GUEST, document: { inline: hello("4s") } };
const LOGIN = [SENDER, PASSWORD] as const;

let application: Application;
let phone: WatchedPhone;
let house: Processes;

const wakeUp = (): object => ({
  to: GUEST,
  document: { url: `${application.url}/wake-up.vxml` },
  userData: "room 12",
});

const rung = (): number => phone.events.filter(({ what }) => what === "ringing").length;

describeOnBroker(
  "the house on a Kafka broker",
  () => {
    const brokers = useBroker();
    beforeAll(async () => {
      application = await startApplication();
      phone = await ringingPhone({ keys: ["1", "2"] });
      house = await startProcesses({
        trunk: phone.address,
        settings: await kafkaHouseSettings(brokers().addresses),
      });
    });
    afterAll(async () => {
      await house?.stop();
      await phone?.stop();
      await application?.close();
    });

    test("a Request posted by HTTP becomes a call, its answer and its end (A05, R01)", async () => {
      const request = await house.request(wakeUp());
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
      await phone.idle();
      expect(application.answers).toEqual(["snooze"]);
      const { value } = await house.event(request, "InputCollected");
      expect(await house.keyring.open(value)).toBe("snooze");
    });

    test("so does one by email, and the report counts both (C01, N06)", async () => {
      const taken = await sendByProgram(house.smtp, LOGIN, JSON.stringify(wakeUp()));
      expect(taken).toMatch(/^250/);
      const request = idIn(taken);
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted" });
      await phone.idle();
      expect(application.answers).toEqual(["snooze", "up"]);
      expect(attemptsIn(await accountOf(house.reports, 2))).toBe(2);
    });

    test("while the broker is down Requests are refused for now, calls go on, and their outcome arrives after it is back (reliability 41)", async () => {
      const request = await house.request(TALK);
      await house.event(request, "CallAnswered");
      await brokers().kill(0);
      const [refused, mailed] = await Promise.all([
        house.post(TALK),
        sendByHand(house.smtp, { login: LOGIN, request: JSON.stringify(TALK) }),
      ]);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(mailed).toMatch(/^451 /);
      // The call is on the line all the same, and comes to its own end.
      await phone.idle();
      expect(house.history(request)).not.toContain("CallCompleted");
      await brokers().restart(0);
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
    });

    test("after its return the house goes on as before", async () => {
      const request = await house.request(TALK);
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted" });
      await phone.idle();
    });

    test("a broker that restarts in the middle of a call is not noticed by who talks (reliability 41)", async () => {
      const before = rung();
      const request = await house.request(TALK);
      await house.event(request, "SessionStarted");
      await brokers().halt(0);
      await brokers().restart(0);
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
      expect(rung() - before).toBe(1);
    });
  },
  // Some seconds each on a machine of its own; brokers and calls beside other work take many times that.
  150_000,
);
