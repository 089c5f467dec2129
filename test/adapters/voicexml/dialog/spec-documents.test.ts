/** Documents, scopes, subdialogs, submits, calls and 2.1's additions: VoiceXML 2.0 1.5, 2.3, 5.1, 5.3; 2.1. */
import { FAIL, ONE_TWO, PASS, type SpecCase, says, testCases, YES_NO } from "./spec-cases.ts";

const CATCH = `<catch event="error"><exit expr="_event"/></catch>`;
const SUB = (call: string, body: string): string =>
  `<form><subdialog name="s" ${call}</subdialog></form><form id="sub">${body}</form>`;
const refused = (body: string): SpecCase[2] => ({
  pages: {
    "/": `<catch event="error.badfetch">${PASS}</catch><form><block><goto next="bad"/></block></form>`,
    "/bad": body,
  },
});

const cases: readonly SpecCase[] = [
  [
    "5.3.1: a variable declared again without an expression keeps its value",
    1,
    `<form><var name="a" expr="1"/><var name="a"/><block><exit expr="a"/></block></form>`,
  ],
  [
    "5.3.1: a variable declared again takes the new value",
    2,
    `<form><var name="a" expr="1"/><var name="a" expr="2"/><block><exit expr="a"/></block></form>`,
  ],
  [
    "5.1.2: inner variables hide outer ones",
    "dialog document",
    `<var name="v" expr="'document'"/><form><var name="v" expr="'dialog'"/><block><exit expr="v + ' ' + document.v"/></block></form>`,
  ],
  [
    "5.1.2: application variables are seen by their scope's name",
    3,
    {
      pages: {
        "/": `<vxml application="root"><var name="v" expr="1"/><form><block><exit expr="v + application.v"/></block></form></vxml>`,
        "/root": `<var name="v" expr="2"/>`,
      },
    },
  ],
  [
    "5.1.2: a root is its own application",
    true,
    `<var name="v" expr="2"/><form><block><exit expr="application.v == document.v"/></block></form>`,
  ],
  [
    "5.1.2: variables of one form are not seen in another",
    "undefined",
    `<form><var name="v" expr="1"/><block><goto next="#b"/></block></form><form id="b"><block><exit expr="typeof v"/></block></form>`,
  ],
  [
    "5.1.4: session variables name both ends of the call, and who called",
    "tel:+12125550123 true sip",
    `<form><block><var name="c" expr="session.connection"/><exit expr="c.remote.uri + ' ' + (c.originator === c.local) + ' ' + c.protocol.name"/></block></form>`,
  ],
  [
    "5.3.2: an assignment to what nobody declared is error.semantic",
    "error.semantic",
    `${CATCH}<form><block><assign name="nobody" expr="1"/></block></form>`,
  ],
  [
    "5.3.2: an assignment may name its scope",
    5,
    `<var name="v"/><form><block><assign name="document.v" expr="5"/><exit expr="v"/></block></form>`,
  ],
  [
    "5.3.3: clear of what nobody declared is error.semantic",
    "error.semantic",
    `${CATCH}<form><block><clear namelist="nobody"/></block></form>`,
  ],
  [
    "5.3.3: clear sets a plain variable to undefined",
    "undefined",
    `<form><var name="v" expr="1"/><block><clear namelist="v"/><exit expr="typeof v"/></block></form>`,
  ],
  [
    "5.3.4: conditions nest",
    "b",
    `<form><block><if cond="true"><if cond="false"><exit expr="'a'"/><elseif cond="1"/><exit expr="'b'"/><else/><exit expr="'c'"/></if><else/><exit expr="'d'"/></if></block></form>`,
  ],
  [
    "5.3.4: an if without a condition is an error of its document",
    "pass",
    refused(`<form><block><if/></block></form>`),
  ],
  [
    "5.3.9: exit hands out an undeclared name as error.semantic",
    "error.semantic",
    `${CATCH}<form><block><exit namelist="nobody"/></block></form>`,
  ],
  [
    "5.3.9: exit with both ways is an error of its document",
    "pass",
    refused(`<form><var name="a"/><block><exit expr="1" namelist="a"/></block></form>`),
  ],
  [
    "5.3.12: a script's variables belong to its scope",
    3,
    `<script>var a = 1; function add(b) { return a + b; }</script><form><block><exit expr="add(2)"/></block></form>`,
  ],
  [
    "5.3.12: a script in a form is run when the form is entered",
    2,
    `<var name="n" expr="0"/><form id="f"><script>document.n = n + 1;</script><block><if cond="n == 2"><exit expr="n"/></if><goto next="#f"/></block></form>`,
  ],
  [
    "5.3.12: a script from elsewhere",
    4,
    {
      pages: {
        "/": `<script src="a.js"/><form><block><exit expr="four()"/></block></form>`,
        "/a.js": "function four() { return 4; }",
      },
    },
  ],
  [
    "5.3.12: a script with source and content is an error of its document",
    "pass",
    refused(`<script src="a.js">var a;</script><form><block/></form>`),
  ],
  [
    "5.3.12: a script's own error is error.semantic",
    "error.semantic",
    `${CATCH}<form><block><script>nobody();</script></block></form>`,
  ],
  [
    "2.1 3: srcexpr computes a script's address",
    4,
    {
      pages: {
        "/": `<form><block><script srcexpr="'a' + '.js'"/><exit expr="four()"/></block></form>`,
        "/a.js": "function four() { return 4; }",
      },
    },
  ],

  [
    "5.3.8: by default a submit sends the named input items",
    { sent: ["GET /to?a=yes"] },
    {
      pages: {
        "/": `<form><field name="a">${YES_NO}</field><var name="v" expr="1"/><block name="b"><submit next="to"/></block></form>`,
        "/to": `<form><block/></form>`,
      },
      caller: ["yes"],
    },
  ],
  [
    "5.3.8: a namelist says what is sent, under the names it uses",
    { sent: ["GET /to?v=1&document.w=x+y"] },
    {
      pages: {
        "/": `<var name="w" expr="'x y'"/><form><var name="v" expr="1"/><block><submit next="to" namelist="v document.w"/></block></form>`,
        "/to": `<form><block/></form>`,
      },
    },
  ],
  [
    "5.3.8: by POST the values are in the body",
    { sent: ["POST /to v=1"] },
    {
      pages: {
        "/": `<form><var name="v" expr="1"/><block><submit next="to" namelist="v" method="post"/></block></form>`,
        "/to": `<form><block/></form>`,
      },
    },
  ],
  [
    "5.3.8: an undeclared name is error.semantic",
    "error.semantic",
    `${CATCH}<form><block><submit next="to" namelist="nobody"/></block></form>`,
  ],
  [
    "5.3.8: a submit computes its address",
    "pass",
    {
      pages: {
        "/": `<form><block><submit expr="'t' + 'o'"/></block></form>`,
        "/to": `<form><block>${PASS}</block></form>`,
      },
    },
  ],
  [
    "5.3.8: a submit with no answer is error.badfetch of the document that sent it",
    "error.badfetch.http.404",
    `${CATCH}<form><block><submit next="nowhere"/></block></form>`,
  ],

  [
    "2.3.4: what a subdialog returns becomes properties of its item",
    "1 x",
    SUB(
      `src="#sub"><filled><exit expr="s.a + ' ' + s.b"/></filled>`,
      `<var name="a" expr="1"/><var name="b" expr="'x'"/><block><return namelist="a b"/></block>`,
    ),
  ],
  [
    "2.3.4: a return without names fills the item all the same",
    "object",
    SUB(`src="#sub"><filled><exit expr="typeof s"/></filled>`, `<block><return/></block>`),
  ],
  [
    "2.3.4: a parameter by value is a text",
    "5 string",
    SUB(
      `src="#sub"><param name="p" value="5"/><filled><exit expr="s.p + ' ' + typeof s.p"/></filled>`,
      `<var name="p"/><block><return namelist="p"/></block>`,
    ),
  ],
  [
    "2.3.4: a parameter needs exactly one value",
    "pass",
    refused(SUB(`src="#sub"><param name="p" value="5" expr="5"/>`, `<var name="p"/><block/>`)),
  ],
  [
    "2.3.4: a parameter may not set a form item",
    "error.semantic",
    `${CATCH}${SUB(`src="#sub"><param name="f" expr="1"/>`, `<field name="f">${YES_NO}</field>`)}`,
  ],
  [
    "2.3.4: who passed a parameter that nobody declared hears of it",
    "caller error.semantic",
    {
      pages: {
        "/": `<form><subdialog name="s" src="sub"><param name="q" expr="1"/><catch event="error"><exit expr="'caller ' + _event"/></catch></subdialog></form>`,
        "/sub": `<form><block><return/></block></form>`,
      },
    },
  ],
  [
    "2.3.4: a subdialog's own handler for it goes first",
    "inside error.semantic",
    {
      pages: {
        "/": `<form><subdialog name="s" src="sub"><param name="q" expr="1"/><catch event="error">${FAIL}</catch></subdialog></form>`,
        "/sub": `<catch event="error"><exit expr="'inside ' + _event"/></catch><form><block><return/></block></form>`,
      },
    },
  ],
  [
    "2.3.4: the caller's handlers are not heard in a subdialog",
    "own",
    {
      pages: {
        "/": `<catch event="own">${FAIL}</catch><form><subdialog name="s" src="sub"/></form>`,
        "/sub": `<form><block><throw event="own"/></block></form>`,
      },
    },
  ],
  [
    "2.3.4: the caller's properties don't reach a subdialog",
    "1",
    {
      pages: {
        "/": `<property name="inputmodes" value="voice"/><form><subdialog name="s" src="sub"/></form>`,
        "/sub": `<form><field name="f">${ONE_TWO}<filled><exit expr="f"/></filled></field></form>`,
      },
      caller: ["1"],
    },
  ],
  [
    "2.3.4: a subdialog's goto may lead on, and its return still finds the caller",
    8,
    {
      pages: {
        "/": `<form><subdialog name="s" src="sub"><filled><exit expr="s.v"/></filled></subdialog></form>`,
        "/sub": `<form><block><goto next="more"/></block></form>`,
        "/more": `<var name="v" expr="8"/><form><block><return namelist="v"/></block></form>`,
      },
    },
  ],
  [
    "2.3.4: exit in a subdialog ends the session",
    "inner",
    SUB(`src="#sub"><filled>${FAIL}</filled>`, `<block><exit expr="'inner'"/></block>`),
  ],
  [
    "2.3.4: a subdialog is sent its names",
    { sent: ["GET /sub?v=1"] },
    {
      pages: {
        "/": `<form><var name="v" expr="1"/><subdialog name="s" src="sub" namelist="v"/></form>`,
        "/sub": `<form><block><return/></block></form>`,
      },
    },
  ],
  [
    "2.3.4: a subdialog that is not there is thrown at its item",
    "error.badfetch.http.404",
    `<form><subdialog name="s" src="nowhere"><catch event="error.badfetch"><exit expr="_event"/></catch></subdialog></form>`,
  ],
  [
    "5.3.10: a returned event carries its message",
    "own why",
    SUB(
      `src="#sub"><catch event="own"><exit expr="_event + ' ' + _message"/></catch>`,
      `<block><return event="own" message="why"/></block>`,
    ),
  ],
  [
    "5.3.10: return of an undeclared name is error.semantic",
    "error.semantic",
    SUB(`src="#sub">`, `${CATCH}<block><return namelist="nobody"/></block>`),
  ],
  [
    "5.3.10: a return with event and names is an error of its document",
    "pass",
    refused(SUB(`src="#sub">`, `<block><return event="a" namelist="b"/></block>`)),
  ],

  [
    "2.3.7: a bridge fills its item with how it ended, and the length of it",
    "far_end_disconnect number",
    {
      farEnd: "hangs up",
      pages: {
        "/": `<form><transfer name="t" bridge="true" dest="tel:+12125550199"><filled><exit expr="t + ' ' + typeof t$.duration"/></filled></transfer></form>`,
      },
    },
  ],
  [
    "2.3.7: the caller's word ends a bridge",
    "near_end_disconnect voice enough",
    {
      pages: {
        "/": `<form><transfer name="t" bridge="true" dest="tel:+12125550199">${says("enough")}<filled><exit expr="[t, t$.inputmode, t$.utterance].join(' ')"/></filled></transfer></form>`,
      },
      caller: ["enough"],
    },
  ],
  [
    "2.3.7: a bridge may be cut at its longest",
    "maxtime_disconnect",
    {
      farEnd: "answers-and-stays",
      pages: {
        "/": `<form><transfer name="t" bridge="true" maxtime="2s" dest="tel:+12125550199"><filled><exit expr="t"/></filled></transfer></form>`,
      },
    },
  ],
  [
    "2.3.7: a destination that is no telephone's is error.unsupported.uri",
    "error.unsupported.uri",
    `${CATCH}<form><transfer name="t" dest="gopher:x"/></form>`,
  ],
  ["2.3.7: a transfer needs exactly one destination", "pass", refused(`<form><transfer name="t"/></form>`)],
  [
    "2.1 7: a transfer with bridge and type is an error of its document",
    "pass",
    refused(`<form><transfer name="t" dest="tel:+1" bridge="true" type="blind"/></form>`),
  ],
  [
    "2.1 7: a consultation that fails says how",
    "busy",
    {
      farEnd: "busy",
      pages: {
        "/": `<form><transfer name="t" type="consultation" dest="tel:+12125550199"><filled><exit expr="t"/></filled></transfer></form>`,
      },
    },
  ],
  [
    "2.3.6: a recording tells its length, its size and how it ended",
    "5000 80000 true",
    {
      pages: {
        "/": `<form><record name="r" maxtime="5s"><prompt>speak</prompt><filled><exit expr="[r$.duration, r$.size, r$.maxtime].join(' ')"/></filled></record></form>`,
      },
      caller: ["record"],
    },
  ],
  [
    "2.3.6: silence instead of a recording is noinput",
    "noinput",
    {
      pages: { "/": `<form><record name="r"><noinput><exit expr="_event"/></noinput></record></form>` },
      caller: ["silence"],
    },
  ],
  [
    "2.3.6: a hang-up before anything was said leaves the recording undefined",
    "undefined",
    {
      pages: {
        "/": `<form><record name="r"><filled>${FAIL}</filled></record><catch event="connection.disconnect.hangup"><exit expr="typeof r"/></catch></form>`,
      },
      caller: ["hangup"],
    },
  ],

  [
    "2.1 8: disconnect hands out its names",
    { a: 1 },
    `<form><var name="a" expr="1"/><block><disconnect namelist="a"/></block></form>`,
  ],
  [
    "5.3.11: prompts are heard before a disconnect",
    { heard: ["bye"] },
    `<form><block>bye<disconnect/></block></form>`,
  ],
  [
    "5.3.11: after a disconnect nothing more is heard",
    { heard: [] },
    `<form><block><disconnect/></block><catch event="connection.disconnect"><prompt>late</prompt><exit/></catch></form>`,
  ],
  [
    "2.1 6: foreach binds its item to each element",
    { heard: ["a b c"] },
    `<form><block><prompt><foreach item="x" array="['a','b','c']"><value expr="x"/></foreach></prompt></block></form>`,
  ],
  [
    "2.1 6: foreach over no array is error.semantic",
    "error.semantic",
    `${CATCH}<form><block><foreach item="x" array="3"><log/></foreach></block></form>`,
  ],
  [
    "2.1 6: an exit in a foreach ends it",
    2,
    `<form><block><foreach item="x" array="[1,2,3]"><if cond="x == 2"><exit expr="x"/></if></foreach></block></form>`,
  ],
  [
    "2.1 5: data is walked as a document",
    "2 b second 1",
    {
      pages: {
        "/": `<form><data name="d" src="d.xml"/><block><var name="r" expr="d.documentElement"/><exit expr="[r.getElementsByTagName('i').length, r.lastChild.getAttribute('k'), r.lastChild.firstChild.data, r.firstChild.nodeType].join(' ')"/></block></form>`,
        "/d.xml": `<r><i k="a">first</i><i k="b">second</i></r>`,
      },
    },
  ],
  [
    "2.1 5: data can't be changed",
    "error.semantic",
    {
      pages: {
        "/": `${CATCH}<form><block><data name="d" src="d.xml"/><script>d.documentElement.appendChild(d.documentElement);</script></block></form>`,
        "/d.xml": "<r/>",
      },
    },
  ],
  [
    "2.1 5: data that is no XML is error.badfetch",
    "error.badfetch",
    { pages: { "/": `${CATCH}<form><block><data name="d" src="d.xml"/></block></form>`, "/d.xml": "<r>" } },
  ],
  [
    "2.1 5: data is asked for with its names",
    { sent: ["GET /d.xml?v=1"] },
    {
      pages: {
        "/": `<form><var name="v" expr="1"/><block><data name="d" src="d.xml" namelist="v"/></block></form>`,
        "/d.xml": "<r/>",
      },
    },
  ],
  [
    "2.1 2: a grammar's address is computed at each visit",
    "g1.grxml g2.grxml",
    {
      pages: {
        "/": `<var name="n" expr="0"/><form><field name="a"><grammar type="application/srgs+xml" srcexpr="'g' + (++document.n) + '.grxml'"/></field><field name="b"><grammar type="application/srgs+xml" srcexpr="'g' + (++document.n) + '.grxml'"/></field><filled><exit expr="a + ' ' + b"/></filled></form>`,
        "/g1.grxml": says("one", "out = 'g1.grxml';").replace(
          "<grammar",
          '<grammar xmlns="http://www.w3.org/2001/06/grammar"',
        ),
        "/g2.grxml": says("two", "out = 'g2.grxml';").replace(
          "<grammar",
          '<grammar xmlns="http://www.w3.org/2001/06/grammar"',
        ),
      },
      caller: ["one", "two"],
    },
  ],
  [
    "2.1 4: a mark's name may be computed",
    "m3",
    `<form><field name="f">${YES_NO}<prompt>a <mark nameexpr="'m' + 3"/> b</prompt><filled><exit expr="f$.markname"/></filled></field></form>`,
    ["yes"],
  ],
  [
    "2.1 4: a mark with two names is an error of its document",
    "pass",
    refused(`<form><block><prompt><mark name="a" nameexpr="'b'"/></prompt></block></form>`),
  ],

  [
    "1.5.2: a leaf's own dialogs and its root's share the application's variables",
    2,
    {
      pages: {
        "/": `<vxml application="root"><form><block><assign name="application.n" expr="5"/><goto next="leaf"/></block></form></vxml>`,
        "/leaf": `<vxml application="root2"><form><block><exit expr="n"/></block></form></vxml>`,
        "/root": `<var name="n" expr="1"/>`,
        "/root2": `<var name="n" expr="2"/>`,
      },
    },
  ],
  [
    "1.5.2: a root that can't be had is error.badfetch where the leaf was referred to",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${PASS}</catch><form><block><goto next="leaf"/></block></form>`,
        "/leaf": `<vxml application="nowhere"><form><block>${FAIL}</block></form></vxml>`,
      },
    },
  ],
  [
    "1.5.2: a root's handlers serve its leaves",
    "root",
    {
      pages: {
        "/": `<vxml application="root"><form><block><throw event="own"/></block></form></vxml>`,
        "/root": `<catch event="own"><exit expr="'root'"/></catch>`,
      },
    },
  ],
  [
    "1.5.2: a leaf's handlers go before its root's",
    "leaf",
    {
      pages: {
        "/": `<vxml application="root"><catch event="own"><exit expr="'leaf'"/></catch><form><block><throw event="own"/></block></form></vxml>`,
        "/root": `<catch event="own"><exit expr="'root'"/></catch>`,
      },
    },
  ],
  [
    "1.5.2: a root's properties serve its leaves",
    "nomatch",
    {
      pages: {
        "/": `<vxml application="root"><form><field name="f">${YES_NO}${ONE_TWO}<nomatch><exit expr="_event"/></nomatch></field></form></vxml>`,
        "/root": `<property name="inputmodes" value="dtmf"/>`,
      },
      caller: ["yes"],
    },
  ],
  [
    "1.5.1: xml:base is what addresses are relative to",
    "pass",
    {
      pages: {
        "/": `<vxml xml:base="/deep/down"><form><block><goto next="next"/></block></form></vxml>`,
        "/deep/next": `<form><block>${PASS}</block></form>`,
      },
    },
  ],
  [
    "6.2.1: a meta with neither name nor http-equiv is an error of its document",
    "pass",
    refused(`<meta content="x"/><form><block/></form>`),
  ],
  [
    "6.2: meta and metadata say nothing to the caller",
    { heard: ["hello"] },
    `<meta name="author" content="x"/><metadata><x xmlns="urn:other"><y/></x></metadata><form><block>hello</block></form>`,
  ],
];

testCases(cases);
