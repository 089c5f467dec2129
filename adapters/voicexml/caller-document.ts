import { create } from "xmlbuilder2";

/** The VoiceXML that callers hear where nothing else is configured: who we are, and good-bye (I04). */
export function callerDocument(): string {
  const words =
    "Hello. This is Reveille, which places telephone calls for others. There is no message for you here. Good bye.";
  return create({ version: "1.0", encoding: "UTF-8" })
    .ele("http://www.w3.org/2001/vxml", "vxml", { version: "2.1", "xml:lang": "en-US" })
    .ele("form")
    .ele("block")
    .ele("prompt")
    .txt(words)
    .up()
    .ele("disconnect")
    .doc()
    .end({ prettyPrint: true });
}
