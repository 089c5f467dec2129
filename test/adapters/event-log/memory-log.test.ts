import { eventLogContract } from "../../contract/event-log.ts";
import { makeMemoryHouse } from "../../support/memory-log-house.ts";

eventLogContract("memory", makeMemoryHouse);
