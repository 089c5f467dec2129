/** The commands that talk to a running gateway or report server: `send`, `status`, `events`, `explain`, `cancel`, `report`, `sql`. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { RequestEvent } from "../../domain/request/events.ts";
import {
  type Command,
  EXIT,
  flagOption,
  numberOption,
  requireOption,
  type Streams,
  textOption,
  UsageError,
  type Words,
} from "./command.ts";
import { eventLine } from "./event-line.ts";
import { createHttpClient, type HttpClient } from "./http-client.ts";
import { readReport } from "./report-client.ts";
import { askSql, SqlClientError } from "./sql-client.ts";

export type ClientSettings = {
  readonly gateway: string;
  readonly reports: string;
  readonly sender: string | null;
  readonly password: string | null;
  readonly apiKey: string | null;
  readonly reportToken: string | null;
};

type Fields = Readonly<Record<string, unknown>>;
type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

const GATEWAY_OPTIONS = {
  gateway: { type: "string" },
  sender: { type: "string" },
  json: { type: "boolean" },
} as const;

const GATEWAY_HELP = [
  ["--gateway URL", "the HTTP gateway (REVEILLE_GATEWAY_URL)"],
  [
    "--sender NAME",
    "account; its password comes from REVEILLE_PASSWORD, or an API key from REVEILLE_API_KEY",
  ],
  ["--json", "answer as JSON"],
] as const;

function credentialsOf(
  words: Words,
  settings: ClientSettings,
): Parameters<typeof createHttpClient>[0]["credentials"] {
  if (settings.apiKey !== null) return { apiKey: settings.apiKey };
  const sender = textOption(words, "sender") ?? settings.sender;
  if (sender === null) return null;
  // A password on the command line would stand in every process list.
  if (settings.password === null) throw new UsageError("the password is missing; set REVEILLE_PASSWORD");
  return { sender, password: settings.password };
}

/** Prints a value, or the refusal to standard error. */
function print<T>(answer: Answer<T>, streams: Streams, show: (value: T) => string): number {
  if (!answer.ok) {
    streams.err(`reveille: ${answer.error.message} (${answer.error.code})`);
    return EXIT.failed;
  }
  streams.out(show(answer.value));
  return EXIT.ok;
}

/** Scalars of an answer as text; what is missing or null as `otherwise`. */
function textOf(value: unknown, otherwise = ""): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? `${value}`
    : otherwise;
}

const asJson = (value: unknown): string => JSON.stringify(value, null, 2);

function documentOf(words: Words): Fields {
  const url = textOption(words, "document");
  const file = textOption(words, "file");
  if ((url === null) === (file === null)) throw new UsageError("give either --document URL or --file FILE");
  if (url !== null) return { url };
  if (file === null || !existsSync(file)) throw new UsageError(`--file "${file ?? ""}" does not exist`);
  return { inline: readFileSync(file, "utf8") };
}

/** Only what was given: the gateway knows its defaults, and refuses what it does not know. */
function requestOf(words: Words): Fields {
  const given: Record<string, unknown> = { to: requireOption(words, "to"), document: documentOf(words) };
  for (const [option, field] of [
    ["not-before", "notBefore"],
    ["not-after", "notAfter"],
    ["level", "serviceLevel"],
    ["user-data", "userData"],
  ] as const) {
    const value = textOption(words, option);
    if (value !== null) given[field] = value;
  }
  for (const [option, field] of [
    ["ring", "ringTimeoutSeconds"],
    ["max", "maxSessionSeconds"],
    ["attempts", "maxAttempts"],
  ] as const) {
    const value = numberOption(words, option);
    if (value !== null) given[field] = value;
  }
  return given;
}

async function follow(client: HttpClient, id: string, streams: Streams, json: boolean): Promise<number> {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.on("SIGINT", onInterrupt);
  try {
    for await (const answer of client.watch(id, 0, stop.signal)) {
      const code = print(answer, streams, (fields) => (json ? JSON.stringify(fields) : lineOf(fields)));
      if (code !== EXIT.ok) return code;
    }
    return EXIT.ok;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

function lineOf(fields: Fields): string {
  return eventLine((fields["event"] ?? fields) as RequestEvent);
}

function statusText(status: Fields): string {
  const attempts = (status["attempts"] ?? []) as readonly Fields[];
  const lines = attempts.map(
    ({ attempt, server, outcome, sipCode, talkMs }) =>
      `  call ${textOf(attempt)} on ${textOf(server)}: ${textOf(outcome, "in progress")}, SIP ${textOf(sipCode, "-")}, ${Number(talkMs ?? 0) / 1000} s`,
  );
  const outcome = textOf(status["outcome"]);
  return [
    `${textOf(status["id"] ?? status["requestId"])}: ${textOf(status["status"])}${outcome === "" ? "" : `, ${outcome}`}`,
    ...lines,
  ].join("\n");
}

function explanationText(explanation: Fields): string {
  const checks = (explanation["checks"] ?? []) as readonly { at: string; verdicts: readonly Fields[] }[];
  const lines = checks.flatMap(({ at, verdicts }) => [
    `  ${at}`,
    ...verdicts.map(
      ({ check, says, reason, rule }) =>
        `    ${textOf(says).padEnd(6)}  ${textOf(check).padEnd(18)}  ${textOf(reason).padEnd(20)}  ${textOf(rule)}`,
    ),
  ]);
  return [textOf(explanation["summary"]), ...lines].join("\n");
}

export function createClientCommands(settings: () => ClientSettings): Command[] {
  async function withClient(words: Words, act: (client: HttpClient) => Promise<number>): Promise<number> {
    const known = settings();
    const origin = textOption(words, "gateway") ?? known.gateway;
    const client = createHttpClient({ origin, credentials: credentialsOf(words, known) });
    try {
      return await act(client);
    } finally {
      await client.close();
    }
  }

  /** A command about one Request: its id is the only argument. */
  function about(
    name: string,
    summary: string,
    act: (client: HttpClient, id: string, words: Words, streams: Streams) => Promise<number>,
    more: { readonly options?: Command["options"]; readonly help?: Command["help"] } = {},
  ): Command {
    return {
      name,
      usage: `${name} REQUEST [--json]`,
      summary,
      options: { ...GATEWAY_OPTIONS, ...more.options },
      help: [...(more.help ?? []), ...GATEWAY_HELP],
      positionals: { min: 1, max: 1 },
      run: (words, streams) =>
        withClient(words, (client) => act(client, words.positionals[0] ?? "", words, streams)),
    };
  }

  const send: Command = {
    name: "send",
    usage: "send --to NUMBER (--document URL | --file FILE) [--follow]",
    summary: "Posts a Request: whom to call, and which VoiceXML to run.",
    options: {
      ...GATEWAY_OPTIONS,
      to: { type: "string" },
      document: { type: "string" },
      file: { type: "string" },
      ring: { type: "string" },
      max: { type: "string" },
      attempts: { type: "string" },
      "not-before": { type: "string" },
      "not-after": { type: "string" },
      level: { type: "string" },
      "user-data": { type: "string" },
      key: { type: "string" },
      follow: { type: "boolean" },
    },
    help: [
      ["--to NUMBER", "E.164, e.g. +12125550123"],
      ["--document URL | --file FILE", "the VoiceXML: where it is, or the program itself"],
      ["--ring S, --max S, --attempts N", "ring time, longest session, calls at most"],
      ["--not-before T, --not-after T", "RFC 3339 with offset"],
      ["--level basic|enhanced", "service level"],
      ["--user-data TEXT", "comes back with status and reports"],
      ["--key KEY", "idempotency key; a repeat with the same key is the same Request"],
      ["--follow", "show each event until the Request is over"],
      ...GATEWAY_HELP,
    ],
    positionals: { min: 0, max: 0 },
    run: (words, streams) =>
      withClient(words, async (client) => {
        const answer = await client.send(requestOf(words), textOption(words, "key") ?? randomUUID());
        const json = flagOption(words, "json");
        const code = print(answer, streams, (receipt) =>
          json ? asJson(receipt) : `${receipt.id} ${receipt.status}`,
        );
        if (!answer.ok || !flagOption(words, "follow")) return code;
        return follow(client, answer.value.id, streams, json);
      }),
  };

  const status = about(
    "status",
    "Shows where a Request stands, with each call made for it.",
    async (client, id, words, streams) =>
      print(
        await client.status(id, textOption(words, "as-of")),
        streams,
        flagOption(words, "json") ? asJson : statusText,
      ),
    {
      options: { "as-of": { type: "string" } },
      help: [["--as-of TIME", "as it stood then: RFC 3339 with offset, e.g. 2026-11-21T09:00:00Z"]],
    },
  );

  const explain = about(
    "explain",
    "Says why a Request is where it is, with every check that was made.",
    async (client, id, words, streams) =>
      print(await client.explain(id), streams, flagOption(words, "json") ? asJson : explanationText),
  );

  const cancel = about(
    "cancel",
    "Takes a Request back, while its call has not been granted.",
    async (client, id, words, streams) =>
      print(await client.cancel(id), streams, (receipt) =>
        flagOption(words, "json") ? asJson(receipt) : `${receipt.id} ${receipt.status}`,
      ),
  );

  const events = about(
    "events",
    "Shows everything that happened to a Request, in order.",
    async (client, id, words, streams) => {
      const json = flagOption(words, "json");
      if (flagOption(words, "follow")) return follow(client, id, streams, json);
      return print(await client.events(id), streams, (list) =>
        json ? asJson(list) : list.map(lineOf).join("\n"),
      );
    },
    { options: { follow: { type: "boolean" } }, help: [["--follow", "go on until the Request is over"]] },
  );

  const report: Command = {
    name: "report",
    usage: "report [NAME] [--from DAY] [--to DAY] [--sender NAME] [--json|--csv]",
    summary: "Shows a report; without a name, which ones there are.",
    options: {
      from: { type: "string" },
      to: { type: "string" },
      tz: { type: "string" },
      sender: { type: "string" },
      url: { type: "string" },
      json: { type: "boolean" },
      csv: { type: "boolean" },
    },
    help: [
      ["NAME", "e.g. call-accounting"],
      ["--from DAY, --to DAY", "YYYY-MM-DD, both included (default: the last 31 days)"],
      ["--tz ZONE", "IANA zone of the days (default UTC)"],
      ["--sender NAME", "one account only"],
      ["--url URL", "the report server (REVEILLE_REPORTS_URL); its token from REVEILLE_REPORT_TOKEN"],
      ["--json, --csv", "answer as JSON or CSV"],
    ],
    positionals: { min: 0, max: 1 },
    async run(words, streams) {
      const known = settings();
      const format = flagOption(words, "csv") ? "csv" : flagOption(words, "json") ? "json" : "table";
      const answer = await readReport({
        url: textOption(words, "url") ?? known.reports,
        token: known.reportToken,
        name: words.positionals[0] ?? null,
        filter: {
          from: textOption(words, "from"),
          to: textOption(words, "to"),
          tz: textOption(words, "tz"),
          sender: textOption(words, "sender"),
        },
        format,
      });
      return print(answer, streams, (text) => text);
    },
  };

  const sql: Command = {
    name: "sql",
    usage: "sql STATEMENT [--json|--csv]",
    summary: "Asks the accounting: any SELECT over the views v_calls, v_requests, v_events …",
    options: { url: { type: "string" }, json: { type: "boolean" }, csv: { type: "boolean" } },
    help: [
      ["STATEMENT", 'e.g. "SELECT outcome, count() FROM v_calls GROUP BY outcome"'],
      ["--url URL", "the report server (REVEILLE_REPORTS_URL); its token from REVEILLE_REPORT_TOKEN"],
      ["--json, --csv", "answer as JSON or CSV"],
    ],
    positionals: { min: 1, max: 1 },
    async run(words, streams) {
      const known = settings();
      try {
        const text = await askSql({
          url: textOption(words, "url") ?? known.reports,
          token: known.reportToken,
          sql: words.positionals[0] ?? "",
          format: flagOption(words, "csv") ? "csv" : flagOption(words, "json") ? "json" : "table",
        });
        streams.out(text.trimEnd());
        return EXIT.ok;
      } catch (error) {
        if (!(error instanceof SqlClientError)) throw error;
        streams.err(`reveille: ${error.message}`);
        return EXIT.failed;
      }
    },
  };

  return [send, status, events, explain, cancel, report, sql];
}
