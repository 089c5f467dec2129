import { describeLogKeyring } from "../../contract/keyring-on-log.ts";
import { makeMemoryHouse } from "../../support/memory-log-house.ts";
import { makeSqliteHouse } from "../event-log/sqlite/sqlite-house.ts";

describeLogKeyring("memory", makeMemoryHouse);
describeLogKeyring("embedded", async () => makeSqliteHouse());
