/** Cookies of one call (VoiceXML 2.0 6.1.2.5 allows them): by host and path, forgotten when it ends. */
const COOKIES_MAX = 50;
const COOKIE_CHARACTERS_MAX = 4_096;

type Cookie = {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
  readonly secure: boolean;
};

export type CookieJar = {
  store(url: string, lines: readonly string[]): void;
  /** Value of the Cookie header; null when there is none to send. */
  headerFor(url: string): string | null;
};

export function createCookieJar(): CookieJar {
  const cookies = new Map<string, Cookie>();
  return {
    store(url, lines) {
      for (const line of lines) {
        const cookie = line.length > COOKIE_CHARACTERS_MAX ? null : parseCookie(line, new URL(url));
        if (cookie === null) continue;
        const key = `${cookie.host} ${cookie.path} ${cookie.name}`;
        if (expired(line)) cookies.delete(key);
        else if (cookies.has(key) || cookies.size < COOKIES_MAX) cookies.set(key, cookie);
      }
    },
    headerFor(text) {
      const url = URL.canParse(text) ? new URL(text) : null;
      if (url === null) return null;
      const fitting = [...cookies.values()].filter(
        (cookie) =>
          // Host-only: the Domain attribute is not honoured, so no site can plant a cookie for another.
          cookie.host === url.host &&
          pathFits(url.pathname, cookie.path) &&
          (!cookie.secure || url.protocol === "https:"),
      );
      return fitting.length === 0
        ? null
        : fitting.map((cookie) => `${cookie.name}=${cookie.value}`).join("; ");
    },
  };
}

function parseCookie(line: string, url: URL): Cookie | null {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
  const equals = pair.indexOf("=");
  if (equals < 1 || /[^\x21-\x7e ]/.test(pair)) return null;
  const path = attributes.find((given) => /^path=\//i.test(given))?.slice(5) ?? defaultPath(url.pathname);
  const secure = attributes.some((given) => given.toLowerCase() === "secure");
  return { name: pair.slice(0, equals), value: pair.slice(equals + 1), host: url.host, path, secure };
}

/** A call is short: of the expiry only "now" matters, which is how servers delete. */
function expired(line: string): boolean {
  return /;\s*max-age=(?:0|-\d+)\s*(?:;|$)/i.test(line) || /;\s*expires=[^;]*\b19[67]0\b/i.test(line);
}

function defaultPath(pathname: string): string {
  const slash = pathname.lastIndexOf("/");
  return slash <= 0 ? "/" : pathname.slice(0, slash);
}

/** RFC 6265 5.1.4. */
function pathFits(pathname: string, path: string): boolean {
  return (
    pathname === path || (pathname.startsWith(path) && (path.endsWith("/") || pathname[path.length] === "/"))
  );
}
