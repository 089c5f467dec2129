import type { FetchAnswer } from "../../../../adapters/voicexml/dialog/effects.ts";
import type { DialogLimits } from "../../../../adapters/voicexml/dialog/limits.ts";
import { type CallRecord, runVirtualCall } from "../../../conformance/virtual-call.ts";

export type Scene = {
  /** Pages by path; "/" is the first. Bodies without `<vxml` are wrapped in one. */
  readonly pages: Readonly<Record<string, string>>;
  readonly caller?: readonly string[];
  readonly farEnd?: string;
  readonly limits?: Partial<DialogLimits>;
};

const HOST = "http://example.test";

export function vxml(body: string, attributes = ""): string {
  return `<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml"${attributes}>${body}</vxml>`;
}

export function playScene(scene: Scene): Promise<CallRecord> {
  return runVirtualCall({
    url: `${HOST}/`,
    fetch: (url) => fetchPage(scene.pages, url),
    caller: scene.caller ?? [],
    farEnd: scene.farEnd ?? null,
    ...(scene.limits === undefined ? {} : { limits: scene.limits }),
  });
}

/** The exit value as it was before it became JSON; the event for a dialog that an event ended. */
export function exitOf(call: CallRecord): unknown {
  if (call.end === null) return "did not end";
  return call.end.value === null ? (call.end.event ?? call.end.kind) : JSON.parse(call.end.value);
}

function fetchPage(pages: Readonly<Record<string, string>>, url: string): FetchAnswer {
  if (!url.startsWith(HOST)) return { ok: false, failure: "connection-failed" };
  const path = new URL(url).pathname;
  const page = pages[path];
  const text = page === undefined || page.includes("<vxml") || path.includes(".") ? page : vxml(page);
  return {
    ok: true,
    url,
    status: page === undefined ? 404 : 200,
    contentType: path.endsWith(".json") ? "application/json" : null,
    charset: null,
    bytes: new TextEncoder().encode(text ?? ""),
  };
}
