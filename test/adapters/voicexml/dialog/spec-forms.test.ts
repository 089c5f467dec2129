/** Forms, items, filled, prompts and grammars: VoiceXML 2.0 2.1 to 2.5, 3.1, 4.1 and appendix C. */
import { FAIL, ONE_TWO, PASS, type SpecCase, says, testCases, YES_NO } from "./spec-cases.ts";

const cases: readonly SpecCase[] = [
  [
    "2.1.1: an item whose condition fails is passed over",
    "pass",
    `<form><block cond="false">${FAIL}</block><block>${PASS}</block></form>`,
  ],
  [
    "2.1.1: an item with a value is passed over until it is cleared",
    "second",
    `<form><field name="f" expr="'set'">${YES_NO}</field><block name="b"><if cond="f == 'set'"><clear namelist="f b"/><assign name="f" expr="'second'"/><else/><exit expr="f"/></if></block></form>`,
  ],
  [
    "2.1.5: a mixed-initiative answer fills several fields and skips the question for them",
    { heard: ["where", "bye"] },
    `<form>${says("boston to london", "out.a = 'boston'; out.b = 'london';")}<initial name="i"><prompt>where</prompt></initial>
     <field name="a">${YES_NO}<prompt>a</prompt></field><field name="b">${YES_NO}<prompt>b</prompt></field><block>bye</block></form>`,
    ["boston to london"],
  ],
  [
    "2.1.5: the initial item is done once any field is filled",
    "true",
    `<form>${says("boston", "out.a = 'boston';")}<initial name="i"/><field name="a">${YES_NO}</field><block><exit expr="String(i)"/></block></form>`,
    ["boston"],
  ],
  [
    "2.1.5: a nomatch may give up on the initial question by setting its variable",
    { heard: ["where", "a"] },
    `<form>${says("boston", "out.a = 'boston';")}<initial name="i"><prompt>where</prompt><nomatch><assign name="i" expr="true"/><reprompt/></nomatch></initial><field name="a">${YES_NO}<prompt>a</prompt></field></form>`,
    ["mumble", "hangup"],
  ],
  [
    "2.3.1: a slot names the part of the answer that fills a field",
    "paris",
    `<form>${says("go to paris", "out.to = { city: 'paris' };")}<initial/><field name="a" slot="to.city">${YES_NO}</field><filled><exit expr="a"/></filled></form>`,
    ["go to paris"],
  ],
  [
    "3.1.6.2: a field's own structured answer without its slot fills it whole",
    "x y",
    `<form><field name="f">${says("thing", "out.p = 'x'; out.q = 'y';")}<filled><exit expr="f.p + ' ' + f.q"/></filled></field></form>`,
    ["thing"],
  ],
  [
    "3.1.6.1: a form answer overwrites what was filled before",
    "second",
    `<form>${says("again", "out.a = 'second';")}<field name="a" expr="'first'">${YES_NO}</field><field name="b">${YES_NO}</field><filled namelist="a"><exit expr="a"/></filled></form>`,
    ["again"],
  ],
  [
    "2.4: filled in mode all waits for every item of its list",
    "yes 1",
    `<form><filled namelist="a b"><exit expr="a + ' ' + b"/></filled><field name="a">${YES_NO}</field><field name="b">${ONE_TWO}</field></form>`,
    ["yes", "1"],
  ],
  [
    "2.4: filled in mode any runs at the first item",
    "yes undefined",
    `<form><filled mode="any" namelist="a b"><exit expr="a + ' ' + typeof b"/></filled><field name="a">${YES_NO}</field><field name="b">${ONE_TWO}</field></form>`,
    ["yes"],
  ],
  [
    "2.4: filled elements run in document order, the form's and the item's alike",
    "form item ",
    `<var name="s" expr="''"/><form><filled mode="any"><assign name="document.s" expr="s + 'form '"/></filled><field name="a">${YES_NO}<filled><assign name="document.s" expr="s + 'item '"/></filled></field><block><exit expr="s"/></block></form>`,
    ["yes"],
  ],
  [
    "2.4: a filled that leads elsewhere ends the turn",
    "pass",
    `<form><field name="a">${YES_NO}<filled><goto nextitem="z"/></filled><filled>${FAIL}</filled></field><block name="z">${PASS}</block></form>`,
    ["yes"],
  ],
  [
    "2.4: a filled within an input item may have no mode",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${PASS}</catch><form><block><goto next="bad"/></block></form>`,
        "/bad": `<form><field name="f">${YES_NO}<filled mode="any"/></field></form>`,
      },
    },
  ],
  [
    "2.4: a filled may name only input items of its form",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${PASS}</catch><form><block><goto next="bad"/></block></form>`,
        "/bad": `<form><block name="b"/><filled namelist="b"/></form>`,
      },
    },
  ],
  [
    "2.3.1: a modal field hears nothing but its own grammars",
    { heard: ["ask", "Sorry, I did not understand. ask"] },
    `<link event="own">${says("leave")}</link><catch event="own">${FAIL}</catch><form><field name="f" modal="true">${YES_NO}<prompt>ask</prompt></field></form>`,
    ["leave", "hangup"],
  ],
  [
    "2.3.1: the shadow variables of a field say how it was filled",
    "yes voice 0.9 yes",
    `<form><field name="f">${YES_NO}<filled><exit expr="[f$.utterance, f$.inputmode, f$.confidence, f$.interpretation].join(' ')"/></filled></field></form>`,
    ["yes"],
  ],
  [
    "5.1.5: application.lastresult$ is an array of interpretations",
    "1 yes voice yes",
    `<form><field name="f">${YES_NO}<filled><var name="l" expr="application.lastresult$"/><exit expr="[l.length, l[0].utterance, l.inputmode, l.interpretation].join(' ')"/></filled></field></form>`,
    ["yes"],
  ],
  [
    "5.1.5: a link's answer is in application.lastresult$",
    "leave",
    `<link event="own">${says("leave")}</link><catch event="own"><exit expr="application.lastresult$[0].utterance"/></catch><form><field name="f">${YES_NO}</field></form>`,
    ["leave"],
  ],
  [
    "2.1.6.2.1: goto nextitem visits an item whose condition fails",
    "pass",
    `<form><block><goto nextitem="b"/></block><block name="b" cond="false">${PASS}</block></form>`,
  ],
  [
    "5.3.7: goto expritem computes the item",
    "pass",
    `<form><block><goto expritem="'b' + 1"/></block><block>${FAIL}</block><block name="b1">${PASS}</block></form>`,
  ],
  [
    "5.3.7: goto expr computes the address",
    "pass",
    `<form><block><goto expr="'#' + 'b'"/></block></form><form id="b"><block>${PASS}</block></form>`,
  ],
  [
    "5.3.7: a goto to an item that is not there is error.badfetch",
    "error.badfetch",
    `<catch event="error"><exit expr="_event"/></catch><form><block><goto nextitem="x"/></block></form>`,
  ],
  [
    "5.3.7: a goto with two addresses is an error of its document",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${PASS}</catch><form><block><goto next="bad"/></block></form>`,
        "/bad": `<form><block><goto next="#a" expr="'#a'"/></block></form>`,
      },
    },
  ],
  [
    "5.3.7: prompts queued before a goto are heard after it",
    { heard: ["one two"] },
    {
      pages: {
        "/": `<form><block>one<goto next="b"/></block></form>`,
        "/b": `<form><block>two</block></form>`,
      },
    },
  ],
  [
    "5.3.6: after a handler without reprompt the question is not asked again",
    { heard: ["ask"] },
    `<form><field name="f">${YES_NO}<prompt>ask</prompt><noinput/></field></form>`,
    ["silence", "hangup"],
  ],
  [
    "5.3.6: reprompt asks again",
    { heard: ["ask", "ask"] },
    `<form><field name="f">${YES_NO}<prompt>ask</prompt><noinput><reprompt/></noinput></field></form>`,
    ["silence", "hangup"],
  ],
  [
    "5.3.6: a handler that goes to another dialog needs no reprompt",
    { heard: ["ask", "other"] },
    `<form><field name="f">${YES_NO}<prompt>ask</prompt><noinput><goto next="#b"/></noinput></field></form><form id="b"><field name="g">${YES_NO}<prompt>other</prompt></field></form>`,
    ["silence", "hangup"],
  ],
  [
    "4.1.6: a prompt counter picks the highest count not above it",
    { heard: ["one", "two", "two", "four"] },
    `<form><field name="f">${YES_NO}<prompt>one</prompt><prompt count="2">two</prompt><prompt count="4">four</prompt><noinput><reprompt/></noinput></field></form>`,
    ["silence", "silence", "silence", "hangup"],
  ],
  [
    "4.1.6: prompts of the same count are all heard",
    { heard: ["one uno"] },
    `<form><field name="f">${YES_NO}<prompt>one</prompt><prompt>uno</prompt></field></form>`,
    ["hangup"],
  ],
  [
    "4.1.6: a prompt whose condition fails does not count",
    { heard: ["one"] },
    `<form><field name="f">${YES_NO}<prompt>one</prompt><prompt cond="false">two</prompt></field></form>`,
    ["hangup"],
  ],
  [
    "4.1.6: clearing an item begins its prompt counter anew",
    { heard: ["one", "one"] },
    `<form><field name="f">${YES_NO}<prompt>one</prompt><prompt count="2">two</prompt><noinput><clear namelist="f"/><reprompt/></noinput></field></form>`,
    ["silence", "hangup"],
  ],
  [
    "4.1.6: entering the form again begins its prompt counters anew",
    { heard: ["one", "one"] },
    `<form id="a"><field name="f">${YES_NO}<prompt>one</prompt><prompt count="2">two</prompt><noinput><goto next="#a"/></noinput></field></form>`,
    ["silence", "hangup"],
  ],
  [
    "4.1.3: alternate content is spoken where the audio can't be had",
    { heard: ["instead"] },
    `<form><block><audio src="none.wav">instead</audio></block></form>`,
  ],
  [
    "4.1.3: an undefined audio is passed over with its content",
    { heard: ["after"] },
    `<form><block><prompt><audio expr="undefined">instead</audio>after</prompt></block></form>`,
  ],
  [
    "4.1.3: audio in audio is tried in turn",
    { heard: ["last"] },
    `<form><block><audio src="a.wav"><audio src="b.wav">last</audio></audio></block></form>`,
  ],
  [
    "4.1.1: a description is not spoken",
    { heard: ["said"] },
    `<form><block><prompt><desc>hidden</desc>said</prompt></block></form>`,
  ],
  [
    "4.1.4: values are spoken where they stand",
    { heard: ["you have 3 calls"] },
    `<form><block>you have <value expr="1 + 2"/> calls</block></form>`,
  ],
  [
    "4.1.4: a bad value is error.semantic",
    "error.semantic",
    `<catch event="error"><exit expr="_event"/></catch><form><block><value expr="nobody"/></block></form>`,
  ],
  [
    "2.2.3: a menu's choices are enumerated",
    { heard: ["tea; coffee;"] },
    `<menu><prompt><enumerate/></prompt><choice next="#a">tea</choice><choice next="#a">coffee</choice></menu><form id="a"><block/></form>`,
    ["hangup"],
  ],
  [
    "2.2.4: a template enumerates with _prompt and _dtmf",
    { heard: ["1 for tea 2 for coffee"] },
    `<menu dtmf="true"><prompt><enumerate><value expr="_dtmf"/> for <value expr="_prompt"/></enumerate></prompt><choice next="#a">tea</choice><choice next="#a">coffee</choice></menu><form id="a"><block/></form>`,
    ["hangup"],
  ],
  [
    "2.2.1: a menu that numbers its choices gives no key twice",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${PASS}</catch><form><block><goto next="bad"/></block></form>`,
        "/bad": `<menu dtmf="true"><choice dtmf="3" next="#a">tea</choice></menu>`,
      },
    },
  ],
  [
    "2.2.1: a menu that numbers its choices leaves *, # and 0 to them",
    "pass",
    `<menu dtmf="true"><choice dtmf="0" next="#b">tea</choice><choice next="#a">coffee</choice></menu><form id="a"><block>${PASS}</block></form><form id="b"><block>${FAIL}</block></form>`,
    ["1"],
  ],
  [
    "2.2.2: a choice computes its address",
    "pass",
    `<menu><choice dtmf="1" expr="'#' + 'a'">tea</choice></menu><form id="a"><block>${PASS}</block></form>`,
    ["1"],
  ],
  [
    "2.2.2: a choice computes its event and message",
    "own now",
    `<catch event="own"><exit expr="_event + ' ' + _message"/></catch><menu><choice dtmf="1" eventexpr="'own'" messageexpr="'now'">tea</choice></menu>`,
    ["1"],
  ],
  [
    "2.2.5: an approximate choice is matched by a part of its words",
    "pass",
    `<menu accept="approximate"><choice next="#a">Stargazer astrophysics news</choice></menu><form id="a"><block>${PASS}</block></form>`,
    ["stargazer news"],
  ],
  [
    "2.2.5: an exact choice wants all of its words",
    { heard: ["menu", "Sorry, I did not understand. menu"] },
    `<menu><prompt>menu</prompt><choice next="#a">Stargazer news</choice></menu><form id="a"><block/></form>`,
    ["stargazer", "hangup"],
  ],
  [
    "2.2.2: a choice's accept goes before its menu's",
    "pass",
    `<menu><choice accept="approximate" next="#a">Stargazer news</choice></menu><form id="a"><block>${PASS}</block></form>`,
    ["news"],
  ],
  [
    "2.2.2: a choice's own grammar takes the place of its words",
    "pass",
    `<menu><choice next="#a">${says("brew")}tea</choice></menu><form id="a"><block>${PASS}</block></form>`,
    ["brew"],
  ],
  [
    "2.2: a menu of document scope is heard in a form",
    "pass",
    `<form><field name="f">${YES_NO}</field></form><menu scope="document"><choice next="#a">tea</choice></menu><form id="a"><block>${PASS}</block></form>`,
    ["tea"],
  ],
  [
    "2.3.1.3: an option's value defaults to its keys, then to its words",
    "1 tea",
    `<form><field name="a"><option dtmf="1">coffee</option></field><field name="b"><option>tea</option></field><filled><exit expr="a + ' ' + b"/></filled></form>`,
    ["coffee", "tea"],
  ],
  [
    "2.3.1.3: options and grammars are heard side by side",
    "yes",
    `<form><field name="a"><option>tea</option>${YES_NO}<filled><exit expr="a"/></filled></field></form>`,
    ["yes"],
  ],
  [
    "2.5: a link by keys alone",
    "pass",
    `<link dtmf="9" next="#a"/><form><field name="f">${YES_NO}</field></form><form id="a"><block>${PASS}</block></form>`,
    ["9"],
  ],
  [
    "2.5: a link computes its address when it is matched",
    "b",
    `<var name="to" expr="'#a'"/><link expr="to">${says("go")}</link><form><block><assign name="document.to" expr="'#b'"/></block><field name="f">${YES_NO}</field></form><form id="a"><block>${FAIL}</block></form><form id="b"><block><exit expr="'b'"/></block></form>`,
    ["go"],
  ],
  [
    "2.5: a link in a field is heard in that field only",
    "second",
    `<form><field name="a"><link event="own">${says("leave")}</link>${YES_NO}<catch event="own">${FAIL}</catch></field><field name="b">${YES_NO}<nomatch><exit expr="'second'"/></nomatch></field></form>`,
    ["yes", "leave"],
  ],
  [
    "2.5: a link in a form is heard in all of its fields",
    "own",
    `<form><link event="own">${says("leave")}</link><catch event="own"><exit expr="_event"/></catch><field name="a">${YES_NO}</field><field name="b">${YES_NO}</field></form>`,
    ["yes", "leave"],
  ],
  [
    "2.5: a fragment in a root's link means a dialog of the root",
    "root",
    {
      pages: {
        "/": `<vxml application="root"><form><field name="f">${YES_NO}</field></form><form id="a"><block>${FAIL}</block></form></vxml>`,
        "/root": `<link next="#a">${says("go")}</link><form id="a"><block><exit expr="'root'"/></block></form>`,
      },
      caller: ["go"],
    },
  ],
  [
    "2.5: a root's link leads to an address relative to the root",
    "pass",
    {
      pages: {
        "/": `<vxml application="/app/root"><form><field name="f">${YES_NO}</field></form></vxml>`,
        "/app/root": `<link next="next">${says("go")}</link>`,
        "/app/next": `<form><block>${PASS}</block></form>`,
      },
      caller: ["go"],
    },
  ],
  [
    "3.1.3: a form of document scope in the root is heard in its leaves",
    "london",
    {
      pages: {
        "/": `<vxml application="root"><form><field name="f">${YES_NO}</field></form></vxml>`,
        "/root": `<form id="a" scope="document">${says("london", "out.city = 'london';")}<initial/><field name="city">${YES_NO}</field><filled><exit expr="city"/></filled></form>`,
      },
      caller: ["london"],
    },
  ],
  [
    "3.1.3: a single grammar of a form may have document scope",
    "london",
    `<form><field name="f">${YES_NO}</field></form><form>${says("london", "out.city = 'london';", ` scope="document"`)}<field name="city">${YES_NO}</field><filled><exit expr="city"/></filled></form>`,
    ["london"],
  ],
  [
    "3.1.3: a grammar of dialog scope in a form of document scope stays in it",
    "nomatch",
    `<form><field name="f">${YES_NO}<nomatch><exit expr="_event"/></nomatch></field></form><form scope="document">${says("london", "out.city = 'london';", ` scope="dialog"`)}<field name="city">${YES_NO}</field></form>`,
    ["london"],
  ],
  [
    "3.1.3: a field's grammar may not have a scope",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${PASS}</catch><form><block><goto next="bad"/></block></form>`,
        "/bad": `<form><field name="f">${says("x", "", ` scope="document"`)}</field></form>`,
      },
    },
  ],
  [
    "3.1.4: the field's grammar goes before the form's, and that before the document's",
    "field",
    `<link event="own">${says("same")}</link><catch event="own"><exit expr="'document'"/></catch><form>${says("same", "out.f = 'form';")}<field name="f">${says("same", "out = 'field';")}<filled><exit expr="f"/></filled></field></form>`,
    ["same"],
  ],
  [
    "3.1.4: among grammars of one item the first in the document wins",
    "first",
    `<form><field name="f">${says("same", "out = 'first';")}${says("same", "out = 'second';")}<filled><exit expr="f"/></filled></field></form>`,
    ["same"],
  ],
  [
    "3.1.1.4: a grammar of an unknown type is error.unsupported.format",
    "error.unsupported.format",
    `<catch event="error"><exit expr="_event"/></catch><form><field name="f"><grammar type="application/x-own">x</grammar></field></form>`,
  ],
  [
    "3.1.1: a grammar that can't be fetched is error.badfetch",
    "error.badfetch.http.404",
    `<catch event="error"><exit expr="_event"/></catch><form><field name="f"><grammar src="none.grxml"/></field></form>`,
  ],
  [
    "3.1.1: a grammar with a fault is error.grammar",
    "error.grammar",
    `<catch event="error.grammar"><exit expr="_event.substring(0, 13)"/></catch><form><field name="f"><grammar version="1.0" root="r"><rule id="r"><ruleref uri="#none"/></rule></grammar></field></form>`,
  ],
  [
    "P: digits take their parameters",
    "123",
    `<form><field name="f" type="digits?minlength=2;maxlength=3"><filled><exit expr="f"/></filled></field></form>`,
    ["123"],
  ],
  [
    "P: boolean keys by parameter",
    false,
    `<form><field name="f" type="boolean?y=7;n=9"><filled><exit expr="f"/></filled></field></form>`,
    ["9"],
  ],
  [
    "P: a builtin as a grammar",
    "42",
    `<form><field name="f"><grammar src="builtin:dtmf/digits"/><filled><exit expr="f"/></filled></field></form>`,
    ["42"],
  ],
  [
    "6.3.3: the term character ends an entry",
    "42",
    `<form><field name="f" type="digits"><filled><exit expr="f"/></filled></field></form>`,
    ["42#"],
  ],
  [
    "6.3.3: an entry too short at its end is no match",
    "nomatch",
    `<form><field name="f" type="digits?length=3"><nomatch><exit expr="_event"/></nomatch></field></form>`,
    ["42#"],
  ],
  [
    "6.3.6: inputmodes closes a way of answering",
    "nomatch",
    `<form><field name="f">${YES_NO}${ONE_TWO}<property name="inputmodes" value="dtmf"/><nomatch><exit expr="_event"/></nomatch></field></form>`,
    ["yes"],
  ],
  [
    "6.3: the inner property goes before the outer one",
    2000,
    `<property name="timeout" value="9s"/><form><property name="timeout" value="4s"/><field name="f">${YES_NO}<property name="timeout" value="2s"/><var name="x"/><noinput><exit expr="2000"/></noinput></field></form>`.replace(
      '<var name="x"/>',
      "",
    ),
  ],
];

testCases(cases);
