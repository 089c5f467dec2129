/** A projector as a process of its own, to be killed: `node projector-process.ts <log file> <url> <user> <password>`. */
import { createClickHouse } from "../../adapters/analytics/clickhouse.ts";
import { createSqliteLog } from "../../adapters/event-log/sqlite/sqlite-log.ts";
import { createSystemClock } from "../../adapters/system/clock.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import { createProjector } from "../../services/projector.ts";

const [path = "", url = "", username = "", password = ""] = process.argv.slice(2);
const clock = createSystemClock();
const operatorLog = { info: () => {}, warn: () => {}, error: () => {} };
const projector = createProjector({
  log: createSqliteLog({ path, clock, owner: `projector/${process.pid}`, operatorLog }),
  analytics: createClickHouse({ url, username, password }),
  clock,
  operatorLog,
  gatherMs: milliseconds(5),
  retentionDays: null,
});
process.once("disconnect", () => process.exit(0));
await projector.start();
await projector.caughtUp();
process.send?.("caught-up");
