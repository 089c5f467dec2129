import { mendSipCore } from "./core-faults.ts";
import { answerChallenge, type SipCredentials } from "./digest.ts";
import { createRequestWriter, type RequestWriter } from "./outgoing-request.ts";
import { writeHost } from "./outgoing-text.ts";
import { newToken } from "./random-token.ts";
import type { SipAddress } from "./signalling.ts";
import {
  type CoreCredentials,
  type CoreIncomingInvite,
  type CoreRequest,
  type CoreTransport,
  type CoreUserAgent,
  sipCore,
} from "./sip-core.ts";
import { createSipUri } from "./text-uri.ts";

export type Core = {
  readonly agent: CoreUserAgent;
  readonly writer: RequestWriter;
  /** Header line of our Contact: the core adds it to answers of an initial INVITE only. */
  readonly contactHeader: string;
  /** Hands a screened request over, whatever user it is addressed to. */
  receive(message: CoreRequest): void;
};

const nothing = (): void => undefined;
const SILENT = { error: nothing, warn: nothing, log: nothing, debug: nothing };

const TEL_NUMBER = /^tel:([+0-9A-Fa-f*#().-]+)/i;

/** One core per listener: it knows one transport. */
export function createCore(
  local: SipAddress,
  user: string,
  transport: CoreTransport,
  parties: {
    readonly onInvite: (invite: CoreIncomingInvite) => void;
    /** Of the peer at the other end of a call; null: it gets no answer to its challenge. */
    readonly credentialsOf: (callId: string) => SipCredentials | null;
  },
): Core {
  mendSipCore();
  const host = writeHost(local.host);
  const contactUri = createSipUri(user, host, local.port);
  const contact = `<${contactUri.toString()}>`;
  let addressee: string | undefined;
  // The core answers 404 to every user but its own; we take calls for any number that a trunk sends us.
  const anyone = createSipUri(user, host, local.port);
  Object.defineProperty(anyone, "user", { get: () => addressee });
  const writer = createRequestWriter(`${host}:${local.port}`);
  const agent = new sipCore.UserAgentCore(
    {
      aor: anyone,
      contact: { uri: contactUri, pubGruu: undefined, tempGruu: undefined, toString: () => contact },
      displayName: "",
      // Everything that matters is counted by the shell.
      loggerFactory: { getLogger: () => SILENT },
      hackViaTcp: false,
      routeSet: [],
      sipjsId: "",
      supportedOptionTags: [],
      supportedOptionTagsResponse: [],
      // No version: it would tell attackers what to try.
      userAgentHeaderFieldValue: "reveille",
      viaForceRport: true,
      viaHost: `${host}:${local.port}`,
      authenticationFactory: () => createCoreCredentials(parties.credentialsOf),
      transportAccessor: () => transport,
    },
    { onInvite: parties.onInvite },
  );
  agent.makeOutgoingRequestMessage = writer.make;
  return {
    agent,
    writer,
    contactHeader: `Contact: ${contact}`,
    receive(message) {
      message.ruri = asSipUri(message, local);
      addressee = message.ruri?.user;
      agent.receiveIncomingRequestFromTransport(message);
    },
  };
}

function createCoreCredentials(credentialsOf: (callId: string) => SipCredentials | null): CoreCredentials {
  let answer = "";
  return {
    authenticate(request, parsed) {
      const credentials = credentialsOf(request.callId);
      if (credentials === null || typeof parsed !== "object" || !("challenge" in parsed)) return false;
      const { method, ruri } = request;
      // As it stands on the wire: the normalised form would give another digest.
      answer = answerChallenge(parsed.challenge, credentials, {
        method,
        uri: ruri.toRaw(),
        cnonce: newToken(),
      });
      return true;
    },
    toString: () => answer,
  };
}

/** The core knows `sip:` alone: `tel:` becomes a number at our address, `sips:` a `sip:` (RFC 3261 19.1.6). */
function asSipUri(message: CoreRequest, local: SipAddress): CoreRequest["ruri"] {
  const { ruri } = message;
  if (ruri?.scheme === "sips") return Object.assign(ruri, { scheme: "sip" });
  if (ruri?.scheme !== "tel") return ruri;
  const number = (TEL_NUMBER.exec(ruri.toString())?.[1] ?? "").replaceAll(/[().-]/g, "");
  return createSipUri(number, writeHost(local.host), local.port);
}
