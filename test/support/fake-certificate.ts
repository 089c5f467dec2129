import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Ran = { readonly code: number; readonly output: string };

/** Runs a program of this machine to its end, at most 30 s; null where it is not installed. */
export function runProgram(name: string, words: readonly string[], input = ""): Promise<Ran | null> {
  const { promise, resolve } = Promise.withResolvers<Ran | null>();
  const child = execFile(name, [...words], { timeout: 30_000 }, (error, stdout, stderr) => {
    if (error?.code === "ENOENT") resolve(null);
    else
      resolve({
        code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
        output: stdout + stderr,
      });
  });
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input);
  return promise;
}

/** A certificate for 127.0.0.1 that nobody trusts, made by openssl; null where that is not installed. */
export async function makeCertificate(): Promise<{ readonly key: string; readonly cert: string } | null> {
  const folder = mkdtempSync(join(tmpdir(), "reveille-tls-"));
  try {
    return await certificateIn(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function certificateIn(
  folder: string,
): Promise<{ readonly key: string; readonly cert: string } | null> {
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"];
  const ran = await runProgram("openssl", [
    "req",
    "-x509",
    ...curve,
    ...subject,
    "-keyout",
    keyFile,
    "-out",
    certFile,
  ]);
  if (ran === null) return null;
  if (ran.code !== 0) throw new Error(`openssl made no certificate: ${ran.output}`);
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") };
}
