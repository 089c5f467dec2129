/** Puts the softphone together for the command line, the demo and the tests: telephony's phone behind the CLI's words. */
import type { PhoneEvent, PhoneSettings, RunningPhone } from "./adapters/cli/phone-command.ts";
import { createSystemClock } from "./adapters/system/clock.ts";
import { createOperatorLog } from "./adapters/system/operator-log.ts";
import { createPhone } from "./adapters/telephony/phone/phone.ts";
import type { PhoneEvent as TelephoneEvent } from "./adapters/telephony/phone/phone-event.ts";
import type { Phone, PickUp } from "./adapters/telephony/phone/phone-options.ts";

/** Silence after which a prompt counts as over: longer than the pauses within one. */
const PROMPT_OVER_MS = 900;

function telephoneEvent(event: TelephoneEvent): PhoneEvent {
  const { type: what, at } = event;
  switch (event.type) {
    case "ringing":
      return { at, what, detail: event.caller === null ? "" : `for ${event.called}` };
    case "dialling":
      return { at, what, detail: event.called };
    case "key-sent":
    case "key-heard":
      return { at, what, detail: event.key };
    case "hung-up":
      return {
        at,
        what,
        detail: `by ${event.by}${event.recording === null ? "" : `, recorded to ${event.recording}`}`,
      };
    case "refused":
      return { at, what, detail: `with ${event.sipCode}` };
    case "not-answered":
      return { at, what, detail: event.sipCode === null ? "no answer at all" : `with ${event.sipCode}` };
    default:
      return { at, what, detail: "" };
  }
}

function pickUpOf(settings: PhoneSettings): PickUp {
  if (settings.behaviour === "answer") return { how: "answer", afterMs: settings.answerAfterMs };
  if (settings.behaviour === "decline") return { how: "decline", sipCode: settings.declineCode };
  return { how: settings.behaviour };
}

function parseSipTarget(text: string): { user: string; host: string; port: number } {
  const match = /^(?:sip:)?([^@\s]{1,64})@([0-9a-fA-F.:[\]]+?):(\d{1,5})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new Error(`phone: "${text}" is no SIP address; give one such as sip:100@127.0.0.1:5060`);
  }
  return { user: match[1], host: match[2], port: Number(match[3]) };
}

/** The softphone, its keys pressed one group after the other whenever the other side has fallen silent. */
export async function startPhone(
  settings: PhoneSettings,
  onEvent: (event: PhoneEvent) => void,
): Promise<RunningPhone> {
  const [host = "", port = ""] = settings.listen.split(/:(?=\d+$)/);
  const left = [...settings.keys];
  const phone: Phone = await createPhone({
    listenAddress: host,
    listenPort: Number(port),
    network: ["127.0.0.0/8"],
    rtpPorts: { first: 30_000, last: 31_999 },
    user: "guest",
    pickUp: pickUpOf(settings),
    script: [],
    hangUpAfterMs: settings.hangUpAfterMs,
    recordTo: settings.recordTo,
    onEvent(event) {
      onEvent(telephoneEvent(event));
      // In the next turn: the telephone is only on its way to talking while it says so.
      if (event.type === "answered") queueMicrotask(() => void pressWhenSilent());
    },
    clock: createSystemClock(),
    log: createOperatorLog(process.stderr),
  });

  async function pressWhenSilent(): Promise<void> {
    while (left.length > 0 && (await phone.waitForSilence(PROMPT_OVER_MS)))
      await phone.press(left.shift() ?? "");
  }

  if (settings.call !== null) await phone.call(parseSipTarget(settings.call));
  return {
    address: `${phone.address.host}:${phone.address.port}`,
    press: (keys) => void phone.press(keys),
    answer: () => phone.answer(),
    hangUp: () => phone.hangUp(),
    stop: () => phone.close(),
  };
}
