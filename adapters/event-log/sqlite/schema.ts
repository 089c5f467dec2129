/** Tables of the embedded log. Everything is addressed by topic number, partition and offset. */
import type { TopicName } from "../../../domain/ports/event-log.ts";

/** Written into every row: numbers are never reused. */
export const TOPIC_NUMBERS: Readonly<Record<TopicName, number>> = {
  requests: 0,
  events: 1,
  state: 2,
  offers: 3,
  load: 4,
  directory: 5,
  keys: 6,
};

/** `PRAGMA user_version` of the file; a program of an older version refuses a newer file. */
export const SCHEMA_VERSION = 2;

// `log` without rowid is one tree in the order in which it is read: a partition's records lie side by side.
export const TABLES = `
CREATE TABLE IF NOT EXISTS log (
  topic INTEGER NOT NULL, part INTEGER NOT NULL, pos INTEGER NOT NULL,
  at INTEGER NOT NULL, key TEXT NOT NULL, value BLOB, envelope TEXT NOT NULL,
  PRIMARY KEY (topic, part, pos)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part (
  topic INTEGER NOT NULL, part INTEGER NOT NULL, next INTEGER NOT NULL,
  PRIMARY KEY (topic, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position (
  grp TEXT NOT NULL, part INTEGER NOT NULL, handled INTEGER NOT NULL,
  PRIMARY KEY (grp, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lease (
  grp TEXT NOT NULL, part INTEGER NOT NULL, holder TEXT, epoch INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (grp, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS member (
  grp TEXT NOT NULL, name TEXT NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (grp, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS team (
  grp TEXT PRIMARY KEY, version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
