/** Events, counters and handlers: VoiceXML 2.0 5.2. */
import { FAIL, ONE_TWO, PASS, type SpecCase, testCases, YES_NO } from "./spec-cases.ts";

const FIELD = (handlers: string): string =>
  `<form><field name="f">${YES_NO}<prompt>ask</prompt>${handlers}<filled><exit expr="f"/></filled></field></form>`;

const cases: readonly SpecCase[] = [
  [
    "5.2.2: the second noinput reaches the handler that counts two",
    "second",
    FIELD(`<noinput><reprompt/></noinput><noinput count="2"><exit expr="'second'"/></noinput>`),
  ],
  [
    "5.2.2: a handler of count two still serves the third event",
    "two",
    `<var name="n" expr="0"/>${FIELD(`<noinput/><noinput count="2"><assign name="n" expr="n + 1"/><if cond="n == 2"><exit expr="'two'"/></if></noinput>`)}`,
  ],
  [
    "5.2.2: an event counts for every prefix of its name",
    "prefix",
    FIELD(
      `<noinput><throw event="own.a"/></noinput><noinput count="2"><throw event="own.b"/></noinput><catch event="own.a"/><catch event="own" count="2"><exit expr="'prefix'"/></catch>`,
    ),
  ],
  [
    "5.2.2: item counters live on when the item is visited again in the same visit of its form",
    "second",
    FIELD(`<nomatch><goto nextitem="f"/></nomatch><nomatch count="2"><exit expr="'second'"/></nomatch>`),
    ["mumble", "mumble"],
  ],
  [
    "5.2.2: counters begin anew when the form is entered again",
    "first first",
    `<var name="seen" expr="''"/><form id="a"><field name="f">${YES_NO}
     <noinput><assign name="document.seen" expr="seen + ' first'"/><if cond="seen.length &gt; 8"><exit expr="seen.substring(1)"/></if><goto next="#a"/></noinput>
     <noinput count="2">${FAIL}</noinput></field></form>`,
  ],
  [
    "5.2.2: clearing an item begins its counters anew",
    "first first",
    `<var name="seen" expr="''"/>${FIELD(`<noinput><assign name="document.seen" expr="seen + ' first'"/><if cond="seen.length &gt; 8"><exit expr="seen.substring(1)"/></if><clear namelist="f"/></noinput><noinput count="2">${FAIL}</noinput>`)}`,
  ],
  [
    "5.2.2: events of a form-level filled count at the form, not at the item",
    "form 1",
    `<form><field name="f">${YES_NO}<catch event="own">${FAIL}</catch></field>
     <catch event="own"><exit expr="'form 1'"/></catch><catch event="own" count="2">${FAIL}</catch>
     <filled><throw event="own"/></filled></form>`,
    ["yes"],
  ],
  [
    "5.2.2: an event in a field's filled is thrown at the field",
    "item",
    `<form><field name="f">${YES_NO}<catch event="own"><exit expr="'item'"/></catch><filled><throw event="own"/></filled></field><catch event="own">${FAIL}</catch></form>`,
    ["yes"],
  ],
  [
    "5.2.4: a handler whose condition is false is passed over",
    "pass",
    `<catch event="own" cond="false">${FAIL}</catch><catch event="own">${PASS}</catch><form><block><throw event="own"/></block></form>`,
  ],
  [
    "5.2.4: among equals the first in document order is taken",
    "pass",
    `<form><catch event="own">${PASS}</catch><catch event="own">${FAIL}</catch><block><throw event="own"/></block></form>`,
  ],
  [
    "5.2.4: the inner handler is taken before the outer one, however general its name",
    "inner",
    `<catch event="own.exact"><exit expr="'outer'"/></catch><form><catch><exit expr="'inner'"/></catch><block><throw event="own.exact"/></block></form>`,
  ],
  [
    "5.2.4: a handler may name several events",
    "b",
    `<catch event="a b c"><exit expr="_event"/></catch><form><block><throw event="b"/></block></form>`,
  ],
  [
    "5.2.4: a name is a prefix by whole tokens only",
    "pass",
    `<catch event="own.par">${FAIL}</catch><catch event="own">${PASS}</catch><form><block><throw event="own.part"/></block></form>`,
  ],
  [
    "5.2.4: trailing dots of a handler's name mean nothing",
    "own.part",
    `<catch event="own."><exit expr="_event"/></catch><form><block><throw event="own.part"/></block></form>`,
  ],
  [
    "5.2.4: a single dot catches everything",
    "own.part",
    `<catch event="."><exit expr="_event"/></catch><form><block><throw event="own.part"/></block></form>`,
  ],
  [
    "5.2.1: a message travels with its event",
    "own|because 3",
    `<catch event="own"><exit expr="_event + '|' + _message"/></catch><form><block><throw event="own" messageexpr="'because ' + 3"/></block></form>`,
  ],
  [
    "5.2.2: without a message its variable is undefined",
    "undefined",
    `<catch event="own"><exit expr="typeof _message"/></catch><form><block><throw event="own"/></block></form>`,
  ],
  [
    "5.2.1: eventexpr names the event",
    "own.3",
    `<catch event="own"><exit expr="_event"/></catch><form><block><throw eventexpr="'own.' + 3"/></block></form>`,
  ],
  [
    "5.2.1: an undefined eventexpr is error.semantic",
    "error.semantic",
    `<catch event="error"><exit expr="_event"/></catch><form><var name="u"/><block><throw eventexpr="u"/></block></form>`,
  ],
  [
    "5.2.1: a throw with two names is an error of its document",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${PASS}</catch><form><block><goto next="bad"/></block></form>`,
        "/bad": `<form><block><throw event="a" eventexpr="'b'"/></block></form>`,
      },
    },
  ],
  [
    "5.2.4: a document's handler sees the variables of the dialog that threw",
    7,
    `<catch event="own"><exit expr="mine"/></catch><form><var name="mine" expr="7"/><block><throw event="own"/></block></form>`,
  ],
  [
    "5.2.4: a variable declared in a handler is gone after it",
    "undefined",
    `<form><catch event="own"><var name="local" expr="1"/><goto nextitem="b"/></catch><block><throw event="own"/></block><block name="b"><exit expr="typeof local"/></block></form>`,
  ],
  [
    "5.2: what a handler throws is handled from the same place",
    "second",
    `<catch event="first"><throw event="second"/></catch><catch event="second"><exit expr="_event"/></catch><form><block><throw event="first"/></block></form>`,
  ],
  [
    "5.2: a handler that falls off its end returns to the form's next item",
    "next",
    `<form><catch event="own"/><block><throw event="own"/></block><block><exit expr="'next'"/></block></form>`,
  ],
  [
    "5.2.3: the short forms catch what their names say",
    "help error",
    `<var name="seen" expr="''"/><help><assign name="document.seen" expr="'help '"/></help><error><exit expr="seen + 'error'"/></error>
     <form><block><throw event="help"/></block><block><throw event="error.own"/></block></form>`,
  ],
  [
    "5.2.5: an unhandled application event ends the dialog under its name",
    "own.thing",
    `<form><block><throw event="own.thing"/></block></form>`,
  ],
  [
    "5.2.5: cancel by default does nothing",
    "pass",
    `<form><block><throw event="cancel"/></block><block>${PASS}</block></form>`,
  ],
  [
    "5.2.5: help by default speaks and asks again",
    { heard: ["ask", "Sorry, there is no help here. ask"] },
    {
      pages: { "/": `<property name="universals" value="help"/>${FIELD("")}` },
      caller: ["help", "hangup"],
    },
  ],
  [
    "1.5.4: after a hang-up handlers still run",
    "gone",
    FIELD(`<catch event="connection.disconnect"><exit expr="'gone'"/></catch>`),
    ["hangup"],
  ],
  [
    "1.5.4: final processing ends where the dialog would wait again",
    "hangup",
    FIELD(`<catch event="connection.disconnect.hangup"><log>bye</log></catch>`),
    ["hangup"],
  ],
  [
    "1.5.4: final processing may submit",
    "pass",
    {
      pages: {
        "/": FIELD(`<catch event="connection.disconnect.hangup"><submit next="bye" namelist="f"/></catch>`),
        "/bye": `<form><block>${PASS}</block></form>`,
      },
      caller: ["hangup"],
    },
  ],
  [
    "5.2.6: an unknown element makes its document unfit",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${PASS}</catch><form><block><goto next="bad"/></block></form>`,
        "/bad": `<form><bluck/></form>`,
      },
    },
  ],
  [
    "5.2.6: a page that is not there is error.badfetch with its status",
    "error.badfetch.http.404",
    `<catch event="error.badfetch"><exit expr="_event"/></catch><form><block><goto next="nowhere"/></block></form>`,
  ],
  [
    "5.2.6: a bad expression is error.semantic when it is run, and not before",
    "error.semantic",
    `<catch event="error.semantic"><exit expr="_event"/></catch><form><block><if cond="false"><assign name="x" expr="1 +"/></if></block><block><var name="y" expr="1 +"/></block></form>`,
  ],
  [
    "5.2: an event of a link is thrown at the item that was listening",
    "item",
    `<link event="own">${YES_NO}</link><form><field name="f">${ONE_TWO}<catch event="own"><exit expr="'item'"/></catch></field></form>`,
    ["yes"],
  ],
  [
    "5.2: an event in the initialisation of a form is handled at the form",
    "form",
    `<form><catch event="error.semantic"><exit expr="'form'"/></catch><var name="v" expr="nobody.knows"/><block/></form>`,
  ],
  [
    "5.2: an event in the initialisation of a document is handled at the document",
    "document",
    `<catch event="error.semantic"><exit expr="'document'"/></catch><var name="v" expr="nobody.knows"/><form><catch>${FAIL}</catch><block/></form>`,
  ],
  [
    "5.3.9: exit throws no event",
    "exit",
    `<catch event="exit">${FAIL}</catch><form><block><exit/></block></form>`,
  ],
];

testCases(cases);
