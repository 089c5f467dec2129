const BOUNDARY = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
/** ISUP trunks send two or three; more is no telephone call. */
const PARTS_MAX = 8;

/**
 * The session description of a body: the body itself, or the one `application/sdp` part of `multipart/mixed`
 * (RFC 5621; trunks that carry ISUP send it so). Null when there is none, or more than one.
 */
export function sdpPart(contentType: string, body: string): string | null {
  const type = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
  if (body === "") return null;
  if (type === "application/sdp") return body;
  if (type !== "multipart/mixed") return null;
  const boundary = BOUNDARY.exec(contentType);
  if (boundary === null) return null;
  const parts = body.split(`--${boundary[1] ?? boundary[2] ?? ""}`);
  if (parts.length > PARTS_MAX + 2) return null;
  const described = parts.map(readPart).filter((part) => part !== null);
  return described.length === 1 ? (described[0] ?? null) : null;
}

function readPart(part: string): string | null {
  const end = part.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const isSdp = /^content-type\s*:\s*application\/sdp\s*(?:;|$)/im.test(part.slice(0, end + 2));
  if (!isSdp) return null;
  // RFC 2046 5.1.1: the line end before a boundary is the boundary's.
  const text = part.slice(end + 4).replace(/\r\n$/, "");
  return text.endsWith("\r\n") ? text : `${text}\r\n`;
}
