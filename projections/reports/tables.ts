/** The tables of the accounting database (N01) and the bookmark that makes their writing exactly-once. */
import {
  CUSTOMER,
  count,
  moment,
  momentOrNever,
  ORIGIN,
  STORE,
  type Table,
  type TableOptions,
  tableSql,
  text,
  VIEWS,
  viewOfTable,
  viewSql,
  word,
} from "./table.ts";
import { DERIVED_VIEWS } from "./views.ts";

const WHAT_WAS_ASKED = [
  word("sender", "Account of the Sender; empty for incoming calls"),
  word("application", "The VoiceXML program: its URL without query, or inline: and a hash"),
  word("service", "Service level: basic or enhanced"),
  word("bulkiness", "solitary or bulk"),
];

export const CALLS: Table = {
  name: "calls",
  meaning:
    "One row per finished call: an attempt that was placed, refused, answered or lost, or an incoming call",
  columns: [
    text("call_id", "The offer under which the call was made: request id # number"),
    text("request_id", "The Request it was made for; empty for incoming calls"),
    count("attempt", "UInt8", "Which call of its Request it was, from 1; 0 for incoming calls"),
    ...WHAT_WAS_ASKED,
    word("direction", "outbound or inbound"),
    word("server", "Telephony server"),
    count("port", "UInt16", "Port of that server"),
    word("trunk", "Trunk that carried it; empty when it was not placed"),
    text("sip_call_id", "Call-ID of the SIP dialog"),
    ...CUSTOMER,
    moment("received_at", "When the Request came in"),
    moment("due_at", "When this call was due"),
    moment("dispatched_at", "When it was offered to the server; the day of the call in every report"),
    momentOrNever("port_seized_at", "When the port was taken for it"),
    momentOrNever("invite_at", "When the INVITE left"),
    momentOrNever("ringing_at", "First 180 or 183"),
    momentOrNever("answered_at", "200 to the INVITE"),
    moment("ended_at", "When it was over"),
    momentOrNever("port_released_at", "When the port was free again"),
    word("outcome", "What became of it, e.g. completed, no-answer, busy, machine, lost"),
    word("app_result", "What the dialog said: ok, hangup, error; none when nobody answered"),
    word("app_event", "VoiceXML event that ended the dialog, e.g. error.badfetch.http.404"),
    word("answered_by", "human, machine, fax or unknown"),
    word("hangup_by", "customer, us, network or unknown"),
    {
      ...count("sip_code", "UInt16", "Final SIP status"),
      shown: { type: "Nullable(UInt16)", sql: "nullIf(sip_code_, 0)" },
    },
    {
      ...count("q850", "UInt8", "Q.850 cause, where a Reason header gave one"),
      shown: { type: "Nullable(UInt8)", sql: "nullIf(q850_, 0)" },
    },
    word("reason", "Why our side ended it; phase/how for a lost call"),
    count("queue_ms", "UInt32", "Milliseconds from due to offered"),
    {
      ...count("pdd_ms", "UInt32", "Post-dial delay: milliseconds from INVITE to the first 180 or 183"),
      shown: { type: "Nullable(UInt32)", sql: "if(ringing_at IS NULL, NULL, pdd_ms_)" },
    },
    count("ring_ms", "UInt32", "Milliseconds of ringing, until the answer or the end"),
    count("talk_ms", "UInt32", "Milliseconds from answer to end, not rounded; 0 for a lost call"),
    count("inputs", "UInt16", "Accepted inputs, keyed or spoken"),
    count("noinputs", "UInt16", "Times that nothing was entered"),
    count("nomatches", "UInt16", "Times that the input did not match"),
    count("first_prompt_ms", "UInt32", "Milliseconds from answer to the first sound"),
    count("participated_ms", "UInt32", "Milliseconds from answer to the last accepted input"),
    count("rtp_received", "UInt32", "Packets of 20 ms received"),
    count("rtp_concealed", "UInt32", "Packets that were missing or late and had to be concealed"),
    { name: "jitter_ms", type: "Float32", meaning: "Interarrival jitter in milliseconds (RFC 3550)" },
    ...ORIGIN,
  ],
  version: "v",
  partitionBy: "toYYYYMM(dispatched_at)",
  orderBy: "sender, dispatched_at, call_id",
  indexes: [
    "ix_call call_id TYPE bloom_filter(0.01) GRANULARITY 2",
    "ix_request request_id TYPE bloom_filter(0.01) GRANULARITY 2",
    "ix_customer customer TYPE bloom_filter(0.01) GRANULARITY 1",
  ],
  ageBy: "dispatched_at",
};

export const REQUESTS: Table = {
  name: "requests",
  meaning: "One row per Request as it stands, those that are scheduled for later included",
  columns: [
    text("request_id", "The Request"),
    ...WHAT_WAS_ASKED,
    word("purpose", "marketing, informational, transactional or emergency"),
    word("channel", "How it came: http, email, console"),
    word("auth", "How its Sender proved who it is"),
    { name: "priority", type: "Int64", meaning: "Order in the queue: lower goes first" },
    ...CUSTOMER,
    moment("received_at", "When it came in"),
    moment("due_at", "When its next call is, or was, due"),
    moment("expires_at", "No call after this moment"),
    momentOrNever("finished_at", "When it was over"),
    word("status", "Where it stands, e.g. scheduled, queued, in-call, completed"),
    count("final", "UInt8", "1 when it is over"),
    word("outcome", "Of its last call, or of the whole"),
    word("reason", "Why it stands where it stands: a reason code"),
    word("policy_rule", "The rule that refused it or made it wait"),
    count("attempts", "UInt8", "Calls made"),
    count("offers", "UInt16", "Offers to telephony servers"),
    count("offers_rejected", "UInt16", "Offers that came back"),
    text("last_call_id", "Its newest call"),
    count("notices", "UInt16", "Notices that its Sender received"),
    count("notices_failed", "UInt16", "Notices that could not be delivered"),
    ...ORIGIN,
  ],
  version: "v",
  partitionBy: "toYYYYMM(received_at)",
  orderBy: "sender, received_at, request_id",
  indexes: [
    "ix_request request_id TYPE bloom_filter(0.01) GRANULARITY 2",
    "ix_customer customer TYPE bloom_filter(0.01) GRANULARITY 1",
  ],
  ageBy: "received_at",
};

export const EVENTS: Table = {
  name: "events",
  meaning: "Every event of the log, with its personal fields sealed",
  columns: [
    { name: "p", type: "UInt16", meaning: "Partition in the log" },
    { name: "o", type: "UInt64", codec: "Delta, ZSTD(1)", meaning: "Offset in its partition" },
    moment("ts", "When it happened"),
    word("type", "Its name, e.g. CallAnswered"),
    text("request_id", "The Request it is about; empty where it is about none"),
    text("call_id", "The call it is about; empty where it is about none"),
    count("seq", "UInt32", "Its number within the Request, from 1"),
    text("cause_id", "Id of the record that caused it"),
    word("sender", "Account of the Request's Sender; empty where it is not known any more"),
    word("component", "The process that wrote it"),
    word("server", "Telephony server; empty where none is concerned"),
    text("payload", "The event as JSON"),
  ],
  version: null,
  partitionBy: "toYYYYMM(ts)",
  orderBy: "p, o",
  indexes: [
    "ix_request request_id TYPE bloom_filter(0.01) GRANULARITY 2",
    "ix_call call_id TYPE bloom_filter(0.01) GRANULARITY 2",
  ],
  ageBy: "ts",
};

const TABLES: readonly Table[] = [CALLS, REQUESTS, EVENTS];
export const PUBLIC_VIEWS = [...TABLES.map(viewOfTable), ...DERIVED_VIEWS];

/**
 * One row per partition: the last stretch of it that was, or is being, written. `version` grows with each, and
 * by one from intent to done, so the newest row of a partition is the whole bookmark and the table stays small.
 */
const BOOKMARKS_SQL = `CREATE TABLE IF NOT EXISTS ${STORE}.bookmarks (
  p UInt16, batch String, first_o UInt64, last_o UInt64, open_from Int64, up_to DateTime64(3, 'UTC'), done UInt8, version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY p
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1`;

/** Makes what is missing; harmless when everything is there. */
export function schemaSql(options: TableOptions): readonly string[] {
  return [
    // The engine's own `default` database is an overlay that keeps no tables on disk in some modes.
    `CREATE DATABASE IF NOT EXISTS ${STORE} ENGINE = Atomic`,
    `CREATE DATABASE IF NOT EXISTS ${VIEWS} ENGINE = Atomic`,
    ...TABLES.map((table) => tableSql(table, options)),
    BOOKMARKS_SQL,
    ...PUBLIC_VIEWS.map(viewSql),
  ];
}

/** For a rebuild. Dropped, not emptied: the memory of tokens must go with the rows. */
export function dropSql(): readonly string[] {
  return [...TABLES.map(({ name }) => name), "bookmarks"].map(
    (name) => `DROP TABLE IF EXISTS ${STORE}.${name} SYNC`,
  );
}
