/** A role that behaves as its name says, for the tests of the supervisor. Called as `tiny-role.ts start --role NAME`. */
import { appendFileSync } from "node:fs";

const name = process.argv.at(-1) ?? "";
const diary = process.env["DIARY"] ?? "";
const [behaviour = ""] = name.split(".");

function write(what: string): void {
  appendFileSync(diary, `${name} ${what}\n`);
}

function say(type: string, more: object = {}): void {
  process.send?.({ type, role: name, ...more });
}

write("started");
// Something to live for, until told otherwise.
const life = setInterval(() => undefined, 60_000);
process.on("disconnect", () => process.exit(0));

for (const [signal, what] of [
  ["SIGTERM", "asked to finish"],
  ["SIGINT", "asked to stop"],
] as const) {
  process.on(signal, () => {
    write(what);
    if (behaviour === "stubborn" || (behaviour === "busy" && signal === "SIGTERM")) return;
    clearInterval(life);
    process.exit(0);
  });
}

switch (behaviour) {
  case "dies-at-once":
    process.exit(3);
    break;
  case "never-ready":
    say("note", { note: "awake" });
    break;
  case "waits-twice":
    process.on("SIGUSR2", () => {
      say("waiting", { what: "the brokers" });
      say("note", { note: "awake" });
    });
    say("note", { note: "awake" });
    break;
  default:
    say("note", { note: "awake" });
    say("ready", { listens: { door: `${process.pid}` } });
}
