/**
 * Bytes to text as XML 1.0 appendix F orders: byte order mark, then the XML declaration, then the transport's
 * charset, else UTF-8. Decoding is fatal: a wrong declaration is an error, never a text full of question marks.
 */
import { DocumentError } from "./document-error.ts";

const DECLARED = /^<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/;

export function decodeText(bytes: Uint8Array, charset: string | null, url: string): string {
  const encoding = byteOrderMark(bytes) ?? declaredEncoding(bytes) ?? charset ?? "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DocumentError(`${url}: is not ${encoding}, as its first bytes or its server said`, { cause });
  }
}

function byteOrderMark(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return null;
}

function declaredEncoding(bytes: Uint8Array): string | null {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 256));
  return DECLARED.exec(head)?.[1] ?? null;
}
