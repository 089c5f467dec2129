/**
 * A Request written by hand, one `Key: value` a line, in the words of the JSON form; nested ones with a dot
 * (`document.url`). Case and hyphens in keys do not matter. It ends with the text or with a signature ("-- ").
 * Whatever else stands in the text is refused, not skipped: it might have been meant as a limit.
 */

export type TextReading =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly detail: string };

type Kind = "text" | "number" | "list";

const KEYS: ReadonlyMap<string, readonly [path: string, kind: Kind]> = new Map<
  string,
  readonly [string, Kind]
>(
  (
    [
      ["to", "text"],
      ["from", "text"],
      ["document.url", "text"],
      ["document.attached", "text"],
      ["ringTimeoutSeconds", "number"],
      ["maxSessionSeconds", "number"],
      ["notBefore", "text"],
      ["notAfter", "text"],
      ["window.from", "text"],
      ["window.to", "text"],
      ["window.zone", "text"],
      ["serviceLevel", "text"],
      ["kind", "text"],
      ["rank", "number"],
      ["purpose", "text"],
      ["onLost", "text"],
      ["maxAttempts", "number"],
      ["userData", "text"],
      ["notify", "list"],
    ] as const
  ).map(([path, kind]) => [path.toLowerCase(), [path, kind]]),
);

const LINES_MAX = 100;

export function readRequestText(text: string): TextReading {
  const [body] = text.replaceAll("\r\n", "\n").split(/^-- $/m);
  const lines = (body ?? "").split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0)
    return { ok: false, detail: "there is neither an application/json part nor Key: value text" };
  if (lines.length > LINES_MAX) return { ok: false, detail: `the text may have ${LINES_MAX} lines` };
  const values = new Map<string, unknown>();
  const resources: unknown[] = [];
  for (const line of lines) {
    const [, key, value] = /^\s*([A-Za-z][A-Za-z0-9.-]{0,40})\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined)
      return { ok: false, detail: "a line is not in the form Key: value" };
    const name = key.toLowerCase().replaceAll("-", "");
    const known = KEYS.get(name);
    if (name === "resource") resources.push(readResource(value));
    else if (known === undefined) return { ok: false, detail: `"${key}" is not a field of a Request` };
    else if (values.has(known[0])) return { ok: false, detail: `"${key}" stands twice` };
    else values.set(known[0], typed(value, known[1]));
  }
  return { ok: true, value: nested(resources.length === 0 ? values : values.set("resources", resources)) };
}

function typed(value: string, kind: Kind): unknown {
  if (kind === "list") return value.split(",").map((entry) => entry.trim());
  // Anything else stays text, and the one parser of Requests says what it should have been.
  return kind === "number" && /^[0-9]{1,9}$/.test(value) ? Number(value) : value;
}

/** `Resource: menu.vxml; sha256=…; url=…` */
function readResource(value: string): unknown {
  const [name, ...settings] = value.split(";").map((part) => part.trim());
  const pairs = settings.map((setting) => {
    const equals = setting.indexOf("=");
    return [setting.slice(0, Math.max(0, equals)), setting.slice(equals + 1)] as const;
  });
  return { name, ...Object.fromEntries(pairs) };
}

function nested(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  const groups = new Map<string, [string, unknown][]>();
  for (const [path, value] of values) {
    const [group, name] = path.split(".");
    if (group === undefined) continue;
    if (name === undefined) tree[group] = value;
    else groups.set(group, [...(groups.get(group) ?? []), [name, value]]);
  }
  for (const [group, members] of groups) tree[group] = Object.fromEntries(members);
  return tree;
}
