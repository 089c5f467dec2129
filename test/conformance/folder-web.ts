/** A web of one host made of a folder; every other host is dead. Documents are turned into plain VoiceXML on the way. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, normalize } from "node:path";
import type { FetchAnswer } from "../../adapters/voicexml/dialog/effects.ts";
import { plainVoiceXml } from "./conf-markup.ts";

export const BASE_URL = "http://localhost/vxml/";

const DOCUMENT = /\.(txml|vxml|xml|txt)$/;

export function fetchFrom(folder: string, url: string): FetchAnswer {
  if (!url.startsWith("http://localhost/")) return { ok: false, failure: "connection-failed" };
  const path = new URL(url).pathname.replace(/^\/(?:vxml\/)?/, "");
  const file = findFile(folder, decodeURIComponent(path));
  if (file === null) return answer(url, 404, new Uint8Array());
  const bytes = readFileSync(file);
  if (!DOCUMENT.test(file)) return answer(url, 200, new Uint8Array(bytes));
  const text = bytes.toString("utf8");
  const plain = plainVoiceXml(text);
  return answer(url, 200, plain === text ? new Uint8Array(bytes) : new TextEncoder().encode(plain));
}

/** Links say `.vxml` where the stored file is `.txml`, and the reverse. */
function findFile(folder: string, path: string): string | null {
  const name = normalize(path);
  if (name.startsWith("..") || name === ".") return null;
  const stem = name.replace(/\.(txml|vxml)$/, "");
  const found = [name, `${stem}.txml`, `${stem}.vxml`].find((candidate) => {
    const file = join(folder, candidate);
    return existsSync(file) && statSync(file).isFile();
  });
  return found === undefined ? null : join(folder, found);
}

function answer(url: string, status: number, bytes: Uint8Array): FetchAnswer {
  return { ok: true, url, status, contentType: null, charset: null, bytes };
}
