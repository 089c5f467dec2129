/** A process that seals one text for each of a few subjects, and says so; its keys must be everybody's. */
import { argv, pid } from "node:process";
import { createSqliteLog } from "../../../adapters/event-log/sqlite/sqlite-log.ts";
import { openLogKeyring } from "../../../adapters/keyring/log-keyring.ts";
import { createChance } from "../../../adapters/system/chance.ts";
import { createSystemClock } from "../../../adapters/system/clock.ts";
import { createOperatorLog } from "../../../adapters/system/operator-log.ts";
import { instant } from "../../../domain/kernel/time.ts";

const [, , path = "", masterKeyPath = "", formerFile = ""] = argv;
const clock = createSystemClock();
const operatorLog = createOperatorLog(process.stderr);
const log = createSqliteLog({ path, clock, owner: `sealer/${pid}`, operatorLog, maintain: false });
const keyring = await openLogKeyring({
  log,
  clock,
  chance: createChance(),
  operatorLog,
  masterKeyPath,
  formerFile,
});
const sealed = await Promise.all(
  Array.from({ length: 20 }, (_, subject) =>
    keyring.seal(`sender:s${subject}`, instant(0), `text ${subject}`),
  ),
);
await keyring.close();
await log.close();
process.stdout.write(JSON.stringify(sealed));
