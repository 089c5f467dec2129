/** A process that seals one text for each of a few subjects, and says so; its key must be everybody's. */
import { argv } from "node:process";
import { createSqliteKeyring } from "../../../adapters/keyring/sqlite-keyring.ts";
import { instant } from "../../../domain/kernel/time.ts";

const [, , path = "", masterKeyPath = ""] = argv;
const keyring = createSqliteKeyring({ path, masterKeyPath });
const sealed = await Promise.all(
  Array.from({ length: 20 }, (_, subject) =>
    keyring.seal(`sender:s${subject}`, instant(0), `text ${subject}`),
  ),
);
await keyring.close();
process.stdout.write(JSON.stringify(sealed));
