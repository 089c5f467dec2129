import { createMemoryDisk, createMemoryJournal } from "../../../adapters/call-journal/memory-journal.ts";
import { describeCallJournal } from "../../contract/call-journal.ts";

describeCallJournal("memory journal", () => {
  const disk = createMemoryDisk();
  return { open: () => createMemoryJournal(disk) };
});
