import { decodeText } from "../document/decode-text.ts";
import { DocumentError } from "../document/document-error.ts";
import { attribute, textContent, type XmlElement } from "../document/xml-node.ts";
import type { Frame } from "./context.ts";
import { badFetch } from "./dialog-event.ts";
import { fetchOrThrow, fetchTerms, requireUri } from "./fetching.ts";
import type { Step } from "./session.ts";

/** VoiceXML 2.0 5.3.12: its names become variables of the scope that holds the `<script>`. */
export function* runScript(frame: Frame, node: XmlElement): Step<void> {
  const { session } = frame.context;
  const srcexpr = attribute(node, "srcexpr");
  const src = srcexpr === null ? attribute(node, "src") : session.realm.text(frame.scope, srcexpr);
  if (src === null) {
    session.realm.run(frame.scope, textContent(node));
    return;
  }
  const url = requireUri(src, node, frame.base);
  const answer = yield* fetchOrThrow(session, {
    kind: "script",
    url,
    ...fetchTerms(frame, node, "script"),
  });
  session.realm.run(
    frame.scope,
    decodeScript(answer.bytes, attribute(node, "charset") ?? answer.charset, url),
  );
}

function decodeScript(bytes: Uint8Array, charset: string | null, url: string): string {
  try {
    return decodeText(bytes, charset, url);
  } catch (error) {
    if (error instanceof DocumentError) throw badFetch(error.message);
    throw error;
  }
}
