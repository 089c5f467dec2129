/** What `olapd` and its parent say to each other over IPC. Secrets go this way: arguments are public on a machine. */
export type ParentMessage = {
  readonly type: "open";
  readonly writerPassword: string;
  readonly readerPassword: string;
};

export type ChildMessage =
  | { readonly type: "ready"; readonly port: number }
  /** It cannot start. `final`: trying again can't help (not installed, directory in use). */
  | { readonly type: "failed"; readonly message: string; readonly final: boolean };

export function isParentMessage(value: unknown): value is ParentMessage {
  return (
    isRecord(value) &&
    value["type"] === "open" &&
    typeof value["writerPassword"] === "string" &&
    typeof value["readerPassword"] === "string"
  );
}

export function isChildMessage(value: unknown): value is ChildMessage {
  if (!isRecord(value)) return false;
  if (value["type"] === "ready") return typeof value["port"] === "number";
  return (
    value["type"] === "failed" && typeof value["message"] === "string" && typeof value["final"] === "boolean"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
