/** The thread in which other people's mails are taken apart. Whoever started it holds the watch. */
import { parentPort } from "node:worker_threads";
import { type Attachment, simpleParser } from "mailparser";
import type { MailAttachment, ParsedMail, ParserJob, ParserWord } from "./parsed-mail.ts";

// Without these, 5 MB of HTML took 1.3 s and 151 MB to be turned into text that nobody wants.
const OPTIONS = { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true, skipImageLinks: true };

parentPort?.on("message", (job: ParserJob) => {
  void parse(job).then(tell);
});
tell({ type: "ready" });

async function parse({ number, mail }: ParserJob): Promise<ParserWord> {
  try {
    const parsed = await simpleParser(Buffer.from(mail), OPTIONS);
    const found: ParsedMail = { text: parsed.text ?? null, attachments: parsed.attachments.map(attachment) };
    return { type: "parsed", number, mail: found };
  } catch {
    // What exactly the parser stumbled over is of no use to anybody but its author.
    return { type: "unreadable", number };
  }
}

function attachment(part: Attachment): MailAttachment {
  const name = part.filename ?? null;
  return { contentType: part.contentType.toLowerCase(), name, bytes: new Uint8Array(part.content) };
}

function tell(word: ParserWord): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(word);
}
