/** `reveille phone`: a softphone for trials. Scripted by options, or played by hand on the keyboard. */
import {
  type Command,
  EXIT,
  flagOption,
  numberOption,
  textOption,
  UsageError,
  type Words,
} from "./command.ts";

export type PhoneSettings = {
  /** "host:port"; port 0 takes a free one. */
  readonly listen: string;
  readonly behaviour: "answer" | "busy" | "no-answer" | "decline";
  readonly declineCode: number;
  readonly answerAfterMs: number;
  /** Keys to press, each group once the other side has fallen silent. */
  readonly keys: readonly string[];
  readonly hangUpAfterMs: number | null;
  /** WAV file of what was heard. */
  readonly recordTo: string | null;
  /** A number or SIP address to call; null waits to be called. */
  readonly call: string | null;
};

export type PhoneEvent = { readonly at: number; readonly what: string; readonly detail: string };

export type RunningPhone = {
  readonly address: string;
  press(keys: string): void;
  answer(): void;
  hangUp(): void;
  stop(): Promise<void>;
};

export type StartPhone = (
  settings: PhoneSettings,
  onEvent: (event: PhoneEvent) => void,
) => Promise<RunningPhone>;

const SECOND_MS = 1000;
const LISTEN_DEFAULT = "127.0.0.1:5070";

function settingsOf(words: Words): PhoneSettings {
  const decline = numberOption(words, "decline");
  if (decline !== null && (decline < 400 || decline > 699)) {
    throw new UsageError(`--decline ${decline} is no final SIP status; give one from 400 to 699, e.g. 603`);
  }
  const keys = textOption(words, "keys");
  if (keys !== null && !/^[0-9*#A-D]+(?:,[0-9*#A-D]+)*$/.test(keys)) {
    throw new UsageError(
      `--keys "${keys}" holds what no telephone has; give groups of 0-9 * # A-D, e.g. 1,42#`,
    );
  }
  const behaviour = flagOption(words, "busy")
    ? "busy"
    : flagOption(words, "no-answer")
      ? "no-answer"
      : decline === null
        ? "answer"
        : "decline";
  const hangUpAfter = numberOption(words, "hang-up-after");
  return {
    listen: textOption(words, "listen") ?? LISTEN_DEFAULT,
    behaviour,
    declineCode: decline ?? 603,
    answerAfterMs: (numberOption(words, "answer-after") ?? 1) * SECOND_MS,
    keys: keys?.split(",") ?? [],
    hangUpAfterMs: hangUpAfter === null ? null : hangUpAfter * SECOND_MS,
    recordTo: textOption(words, "record"),
    call: textOption(words, "call"),
  };
}

const KEYBOARD_HELP = "Keys 0-9 * # A-D are sent; a answers, h hangs up, q quits.";

/** Until q, Ctrl-C or a signal. */
async function playByHand(phone: RunningPhone): Promise<void> {
  await new Promise<void>((resolve) => {
    const { stdin } = process;
    // Not once: Ctrl-C comes twice, and the second must not cut off what is still being recorded.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
    if (!stdin.isTTY) return;
    stdin.setRawMode(true);
    stdin.on("data", (chunk: Buffer) => {
      for (const key of chunk.toString("latin1")) {
        if (key === "q" || key === "\u0003") return resolve();
        if (key === "a") phone.answer();
        else if (key === "h") phone.hangUp();
        else if (/[0-9*#A-D]/.test(key)) phone.press(key);
      }
    });
  });
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  process.stdin.pause();
}

export function createPhoneCommand(startPhone: StartPhone): Command {
  return {
    name: "phone",
    usage: "phone [--listen HOST:PORT] [--answer-after S] [--keys 1,42#] [--record FILE] …",
    summary: "A softphone for trials: rings, answers, presses keys, records what it hears.",
    options: {
      listen: { type: "string" },
      "answer-after": { type: "string" },
      keys: { type: "string" },
      busy: { type: "boolean" },
      "no-answer": { type: "boolean" },
      decline: { type: "string" },
      "hang-up-after": { type: "string" },
      record: { type: "string" },
      call: { type: "string" },
      json: { type: "boolean" },
    },
    help: [
      ["--listen HOST:PORT", `where it takes calls (default ${LISTEN_DEFAULT})`],
      ["--answer-after S", "seconds to ring (default 1)"],
      ["--keys GROUPS", "press each group when the other side has fallen silent, e.g. 1,42#"],
      ["--busy | --no-answer | --decline CODE", "do not answer"],
      ["--hang-up-after S", "seconds after the answer"],
      ["--record FILE", "write what was heard to a WAV file (8 kHz mono)"],
      ["--call ADDRESS", "call out: a SIP address such as sip:100@127.0.0.1:5060"],
      ["--json", "one JSON object per event"],
      ["", KEYBOARD_HELP],
    ],
    positionals: { min: 0, max: 0 },
    async run(words, streams) {
      const json = flagOption(words, "json");
      const phone = await startPhone(settingsOf(words), (event) => {
        const time = new Date(event.at).toISOString().slice(11, 23);
        streams.out(
          json ? JSON.stringify(event) : `${time}  ${event.what.padEnd(12)}  ${event.detail}`.trimEnd(),
        );
      });
      streams.err(
        `phone: takes calls at sip:${phone.address}. ${process.stdin.isTTY ? KEYBOARD_HELP : "Stop with Ctrl-C."}`,
      );
      await playByHand(phone);
      await phone.stop();
      return EXIT.ok;
    },
  };
}
