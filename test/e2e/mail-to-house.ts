/** Requests by email to a house's gateway: from a mail program, and word by word where a refusal is to be heard. */
import { createTransport } from "nodemailer";
import { dial, mail } from "../adapters/smtp/smtp-house.ts";

export type Login = readonly [sender: string, password: string];

/** As a mail program sends it. Answers the gateway's last reply; throws, as it does, where that is a refusal. */
export async function sendByProgram(smtp: string, [user, pass]: Login, request: string): Promise<string> {
  const [host = "", port = ""] = smtp.split(":");
  const transport = createTransport({
    host,
    port: Number(port),
    secure: false,
    ignoreTLS: true,
    auth: { user, pass },
  });
  try {
    const sent = await transport.sendMail({
      from: "reception@hotel.example",
      to: "outbound@localhost",
      subject: "Wake-up call",
      attachments: [{ content: request, contentType: "application/json", filename: "request.json" }],
    });
    return sent.response;
  } finally {
    transport.close();
  }
}

/** Within a test. Answers the gateway's last reply, be it to the login; `login` null sends as a stranger. */
export async function sendByHand(
  smtp: string,
  letter: {
    readonly login: Login | null;
    readonly headers?: Readonly<Record<string, string>>;
    readonly request: string;
  },
): Promise<string> {
  const talk = await dial(Number(smtp.split(":").at(-1)));
  try {
    await talk.say("EHLO client.example");
    if (letter.login !== null) {
      const [sender, password] = letter.login;
      const answer = await talk.say(`AUTH PLAIN ${btoa(`\0${sender}\0${password}`)}`);
      if (!answer.startsWith("235 ")) return answer;
    }
    await talk.say("MAIL FROM:<ops@acme.example>");
    await talk.say("RCPT TO:<outbound@localhost>");
    const ready = await talk.say("DATA");
    if (!ready.startsWith("354 ")) return ready;
    const headers = {
      Date: new Date().toUTCString(),
      To: "outbound@localhost",
      "Message-ID": `<${crypto.randomUUID()}@acme.example>`,
      ...letter.headers,
    };
    const text = mail({ headers, request: letter.request });
    return await talk.say(`${text.replaceAll("\n", "\r\n")}\r\n.`);
  } finally {
    talk.hangUp();
  }
}

/** The id in a reply; "" where there is none. */
export function idIn(reply: string): string {
  return /rq_[0-9a-z]+_[0-9a-f]+/.exec(reply)?.[0] ?? "";
}
