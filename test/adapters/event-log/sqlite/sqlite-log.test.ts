import { eventLogContract } from "../../../contract/event-log.ts";
import { makeSqliteHouse } from "./sqlite-house.ts";

eventLogContract("sqlite", async () => makeSqliteHouse());
