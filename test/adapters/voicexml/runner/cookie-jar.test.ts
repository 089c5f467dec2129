import { expect, test } from "vitest";
import { createCookieJar } from "../../../../adapters/voicexml/cookie-jar.ts";

const HERE = "https://example.test/app/start";

test("a cookie goes back to its host and path, and to nobody else", () => {
  const jar = createCookieJar();
  jar.store(HERE, ["sid=1; HttpOnly", "root=2; Path=/", "other=3; Domain=evil.test"]);
  expect(jar.headerFor("https://example.test/app/next?x=1")).toBe("sid=1; root=2; other=3");
  expect(jar.headerFor("https://example.test/elsewhere")).toBe("root=2");
  expect(jar.headerFor("https://evil.test/app/")).toBeNull();
});

test("a secure cookie does not travel in the clear", () => {
  const jar = createCookieJar();
  jar.store(HERE, ["sid=1; Secure"]);
  expect(jar.headerFor("http://example.test/app/")).toBeNull();
});

test("a server deletes its cookie by an age of nothing", () => {
  const jar = createCookieJar();
  jar.store(HERE, ["sid=1"]);
  jar.store(HERE, ["sid=; Max-Age=0"]);
  expect(jar.headerFor(HERE)).toBeNull();
});

test("line breaks, nameless pairs and overlong cookies are not kept, and no more than 50 are", () => {
  const jar = createCookieJar();
  jar.store(HERE, ["a=1\r\nX: y", "=1", "novalue", `big=${"x".repeat(5_000)}`]);
  expect(jar.headerFor(HERE)).toBeNull();
  jar.store(
    HERE,
    Array.from({ length: 60 }, (_, index) => `c${index}=1`),
  );
  expect(jar.headerFor(HERE)?.split("; ")).toHaveLength(50);
});
