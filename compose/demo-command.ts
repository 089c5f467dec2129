import { type Command, flagOption } from "../adapters/cli/command.ts";

export const demoCommand: Command = {
  name: "demo",
  usage: "demo [--kafka] [--stay]",
  summary: "Places a real call on this machine: Request, SIP, VoiceXML, keys, report. Needs nothing else.",
  options: { kafka: { type: "boolean" }, stay: { type: "boolean" } },
  help: [
    ["--kafka", "the log is on a Kafka broker: the one of REVEILLE_KAFKA, or one started here (Java, Maven)"],
    ["--stay", "keep everything running afterwards, to look around"],
  ],
  positionals: { min: 0, max: 0 },
  async run(words, streams) {
    const { runDemo } = await import("../examples/wake-up-call/demo.ts");
    return runDemo({ stay: flagOption(words, "stay"), kafka: flagOption(words, "kafka"), streams });
  },
};
