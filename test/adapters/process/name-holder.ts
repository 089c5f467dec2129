/** Takes the name whose file is given, says so, and holds it until it is killed. */
import { lockName } from "../../../adapters/process/name-lock.ts";

const lock = lockName(process.argv[2] ?? "", "the server");
lock.note(4_711);
process.stdout.write("held\n");
setInterval(() => lock.lastNote, 60_000);
