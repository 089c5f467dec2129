/**
 * The outermost scope of every session: default handlers (VoiceXML 2.0 5.2.5) as a document of their own, so
 * that an installation can replace them. The fifth help, noinput or nomatch in a row ends the call: a machine
 * that asks for ever is worse than one that gives up.
 */
export const DEFAULTS_URL = "reveille:defaults";

export const DEFAULTS_DOCUMENT = `<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en-US">
  <catch event="cancel"/>
  <catch event="help"><prompt>Sorry, there is no help here.</prompt><reprompt/></catch>
  <catch event="noinput"><reprompt/></catch>
  <catch event="nomatch maxspeechtimeout"><prompt>Sorry, I did not understand.</prompt><reprompt/></catch>
  <catch event="help noinput nomatch maxspeechtimeout" count="5"><exit/></catch>
  <catch event="exit connection.disconnect"><exit/></catch>
  <catch><prompt>Sorry, something went wrong.</prompt><exit/></catch>
</vxml>`;
