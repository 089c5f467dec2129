/** Documents of our own for assertions of the W3C list; the number is the assertion's. */
import { expect, test } from "vitest";
import { exitOf, playScene, type Scene } from "./play-document.ts";

type Case = readonly [name: string, expected: unknown, scene: Scene | string, caller?: readonly string[]];

const YES = `<grammar mode="voice" version="1.0" root="r"><rule id="r"><one-of><item>yes</item><item>no</item></one-of></rule></grammar>`;
const DIGIT = `<grammar mode="dtmf" version="1.0" root="r"><rule id="r"><one-of><item>1</item><item>2</item></one-of></rule></grammar>`;
const pass = `<exit expr="'pass'"/>`;
const fail = `<exit expr="'fail'"/>`;

const cases: readonly Case[] = [
  [
    "11: a goto to a fragment stays in its document",
    "pass",
    `<form><block><goto next="#b"/></block></form><form id="b"><block>${pass}</block></form>`,
  ],
  [
    "72: root variables live on from leaf to leaf",
    2,
    {
      pages: {
        "/": `<vxml application="root"><form><block><assign name="application.n" expr="n + 1"/><goto next="leaf"/></block></form></vxml>`,
        "/leaf": `<vxml application="root"><form><block><exit expr="n"/></block></form></vxml>`,
        "/root": `<var name="n" expr="1"/>`,
      },
    },
  ],
  [
    "73: root variables live on from leaf to root by goto",
    2,
    {
      pages: {
        "/": `<vxml application="root"><form><block><assign name="n" expr="n + 1"/><goto next="root"/></block></form></vxml>`,
        "/root": `<var name="n" expr="1"/><form><block><exit expr="n"/></block></form>`,
      },
    },
  ],
  [
    "74: a submit to the root starts its variables anew",
    1,
    {
      pages: {
        "/": `<vxml application="root"><form><block><assign name="n" expr="n + 1"/><submit next="root"/></block></form></vxml>`,
        "/root": `<var name="n" expr="1"/><form><block><exit expr="n"/></block></form>`,
      },
    },
  ],
  [
    "81: a root that names a root of its own is an error",
    "error.semantic",
    {
      pages: {
        "/": `<vxml application="root"><form><block>${fail}</block></form></vxml>`,
        "/root": `<vxml application="other"></vxml>`,
      },
    },
  ],
  [
    "85: a subdialog in the same document sees none of its variables changed",
    "undefined",
    `<var name="v" expr="1"/>
    <form><block><assign name="document.v" expr="2"/></block><subdialog name="s" src="#sub"><filled><exit expr="s.seen"/></filled></subdialog></form>
    <form id="sub"><block><var name="seen" expr="v == 1 ? 'undefined' : 'leaked'"/><return namelist="seen"/></block></form>`,
  ],
  [
    "143: a form item without a name gets one of its own",
    "pass",
    `<form><block/><block>${pass}</block></form>`,
  ],
  [
    "165: when no item is left the dialog ends, and the next form is not entered",
    "exit",
    `<form><block/></form><form><block>${fail}</block></form>`,
  ],
  [
    "241: a field filled by voice has the words",
    "yes",
    `<form><field name="f">${YES}<filled><exit expr="f"/></filled></field></form>`,
    ["yes"],
  ],
  [
    "244: shadow variables tell how the field was filled",
    "dtmf 1",
    `<form><field name="f">${DIGIT}<filled><exit expr="f$.inputmode + ' ' + f$.utterance"/></filled></field></form>`,
    ["1"],
  ],
  [
    "268: a parameter wins over the variable's expression",
    5,
    `<form><subdialog name="s" src="#sub"><param name="p" expr="5"/><filled><exit expr="s.p"/></filled></subdialog></form>
    <form id="sub"><var name="p" expr="nobody.knows"/><block><return namelist="p"/></block></form>`,
  ],
  [
    "269: a parameter that nobody declared is an error",
    "error.semantic",
    `<catch event="error.semantic"><exit expr="_event"/></catch>
    <form><subdialog name="s" src="#sub"><param name="q" expr="5"/></subdialog></form><form id="sub"><block><return/></block></form>`,
  ],
  [
    "289: a blind transfer that works ends in connection.disconnect.transfer",
    "pass",
    {
      farEnd: "accepts",
      pages: {
        "/": `<catch event="connection.disconnect.transfer">${pass}</catch><form><transfer name="t" dest="tel:+12125550199"/></form>`,
      },
    },
  ],
  [
    "300: a caller who hangs up in a bridge leaves the variable undefined",
    "pass",
    {
      farEnd: "caller-hangs-up",
      pages: {
        "/": `<catch event="connection.disconnect.hangup"><if cond="t == undefined">${pass}</if></catch><form><transfer name="t" bridge="true" dest="tel:+12125550199"/></form>`,
      },
    },
  ],
  [
    "301: a busy far end fills the variable",
    "busy",
    {
      farEnd: "busy",
      pages: {
        "/": `<form><transfer name="t" bridge="true" dest="tel:+12125550199"><filled><exit expr="t"/></filled></transfer></form>`,
      },
    },
  ],
  [
    "304: a destination with parameters or line breaks is refused",
    "error.connection.baddestination",
    `<catch event="error"><exit expr="_event"/></catch>
    <form><transfer name="t" dest="tel:+1212&#10;Route: evil"/></form>`,
  ],
  [
    "338: a grammar with source and content is an error of its document",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${pass}</catch><form><block><goto next="bad"/></block></form>`,
        "/bad": `<form><field name="f"><grammar src="x" mode="dtmf"><rule id="r">1</rule></grammar></field></form>`,
      },
    },
  ],
  [
    "374: an expression in alternate content does not run when the audio is there",
    0,
    {
      pages: {
        "/": `<var name="n" expr="0"/><form><block><audio src="a.wav"><value expr="n = 1"/></audio></block><block><exit expr="n"/></block></form>`,
        "/a.wav": "sound",
      },
    },
  ],
  [
    "398: session variables can't be written",
    "error.semantic",
    `<catch event="error.semantic"><exit expr="_event"/></catch>
    <form><block><assign name="session.connection.protocol.name" expr="'x'"/>${fail}</block></form>`,
  ],
  [
    "400: an undeclared name is an error, and typeof of it is not",
    "undefined error.semantic",
    `<var name="t" expr="typeof nobody"/>
    <catch event="error.semantic"><exit expr="t + ' ' + _event"/></catch><form><block><value expr="nobody"/></block></form>`,
  ],
  [
    "510: a block's variable is gone after it",
    "error.semantic",
    `<catch event="error.semantic"><exit expr="_event"/></catch>
    <form><block><var name="v" expr="1"/></block><block><exit expr="v"/></block></form>`,
  ],
  [
    "514: a variable with a scope in its name can't be declared",
    "error.semantic",
    `<catch event="error.semantic"><exit expr="_event"/></catch>
    <form><block><var name="document.v" expr="1"/></block></form>`,
  ],
  [
    "525: a value's expression runs once for each time it is queued",
    1,
    `<var name="n" expr="0"/><form><block><prompt><value expr="n = n + 1"/></prompt></block><block><exit expr="n"/></block></form>`,
  ],
  [
    "551: an event that a subdialog returns is thrown at its caller",
    "own.event",
    `<catch event="own.event"><exit expr="_event"/></catch>
    <form><subdialog name="s" src="#sub"><filled>${fail}</filled></subdialog></form><form id="sub"><block><return event="own.event"/></block></form>`,
  ],
  [
    "552: disconnect throws connection.disconnect.hangup",
    "pass",
    `<catch event="connection.disconnect.hangup">${pass}</catch><form><block><disconnect/>${fail}</block></form>`,
  ],
  [
    "560: a script that can't be fetched is error.badfetch",
    "error.badfetch.http.404",
    `<catch event="error.badfetch"><exit expr="_event"/></catch>
    <form><block><script src="none.js"/></block></form>`,
  ],
  [
    "562: a log has no effect on the dialog",
    "pass",
    `<form><block><log label="l" expr="1 + 1">text <value expr="2"/></log>${pass}</block></form>`,
  ],
  [
    "1007: a goto to a form that is not there is error.badfetch",
    "error.badfetch",
    `<catch event="error.badfetch"><exit expr="_event"/></catch><form><block><goto next="#nowhere"/></block></form>`,
  ],
  [
    "1179: a property of a declared object may be assigned",
    3,
    `<form><block><var name="o" expr="new Object()"/><assign name="o.p" expr="3"/><exit expr="o.p"/></block></form>`,
  ],
  [
    "a return outside of a subdialog is an error",
    "error.semantic",
    `<catch event="error.semantic"><exit expr="_event"/></catch><form><block><return/></block></form>`,
  ],
  [
    "a parse of the third count reaches the outer handler",
    "outer 3",
    `<noinput count="3"><exit expr="'outer 3'"/></noinput>
    <form><field name="f">${YES}<noinput><reprompt/></noinput></field></form>`,
  ],
  [
    "goto nextitem visits an item that is filled",
    "again",
    `<form><var name="n" expr="0"/><block name="a" expr="true"><exit expr="'again'"/></block><block><goto nextitem="a"/></block></form>`,
  ],
  [
    "a link's event is thrown at the current place",
    "help",
    `<link event="help"><grammar mode="dtmf" version="1.0" root="r"><rule id="r">9</rule></grammar></link>
    <form><field name="f">${DIGIT}<help><exit expr="_event"/></help></field></form>`,
    ["9"],
  ],
  [
    "a link leads to another form",
    "pass",
    `<link next="#b"><grammar mode="dtmf" version="1.0" root="r"><rule id="r">9</rule></grammar></link>
    <form><field name="f">${DIGIT}</field></form><form id="b"><block>${pass}</block></form>`,
    ["9"],
  ],
  [
    "a menu's keys are numbered when it asks for it",
    "second",
    `<menu dtmf="true"><choice next="#a">one</choice><choice next="#b">two</choice></menu>
    <form id="a"><block>${fail}</block></form><form id="b"><block><exit expr="'second'"/></block></form>`,
    ["2"],
  ],
  [
    "a choice may throw an event",
    "own",
    `<catch event="own"><exit expr="_event"/></catch><menu><choice dtmf="1" event="own">one</choice></menu>`,
    ["1"],
  ],
  [
    "an option list fills with its values",
    "b",
    `<form><field name="f"><option dtmf="1" value="a">ay</option><option dtmf="2" value="b">bee</option><filled><exit expr="f"/></filled></field></form>`,
    ["bee"],
  ],
  [
    "a boolean field takes 1 for yes",
    true,
    `<form><field name="f" type="boolean"><filled><exit expr="f"/></filled></field></form>`,
    ["1"],
  ],
  [
    "a digits field takes its length and no more",
    "1234",
    `<form><field name="f" type="digits?length=4"><filled><exit expr="f"/></filled></field></form>`,
    ["1234"],
  ],
  [
    "a mixed-initiative form fills several fields from one answer",
    "ny 2",
    `<form>
    <grammar mode="voice" version="1.0" root="r" tag-format="semantics/1.0"><rule id="r">two to new york<tag>out.city='ny'; out.n=2;</tag></rule></grammar>
    <initial name="start"><prompt>Where?</prompt></initial>
    <field name="city">${YES}</field><field name="n">${YES}</field>
    <filled><exit expr="city + ' ' + n"/></filled></form>`,
    ["two to new york"],
  ],
  [
    "a form's grammar with document scope is heard in other forms",
    "pass",
    `<form><field name="f">${DIGIT}</field></form>
    <form id="b" scope="document"><grammar mode="dtmf" version="1.0" root="r"><rule id="r">7</rule></grammar><field name="g" slot="g">${DIGIT}<prompt>x</prompt></field><catch event="noinput">${pass}</catch></form>`,
    ["7"],
  ],
  [
    "foreach runs over a copy of its array",
    3,
    `<form><block><var name="a" expr="[1,2]"/><var name="s" expr="0"/>
    <foreach item="x" array="a"><assign name="s" expr="s + x"/><script>a.push(9)</script></foreach><exit expr="s"/></block></form>`,
  ],
  [
    "data in JSON becomes a value",
    42,
    {
      pages: {
        "/": `<form><block><data name="d" src="d.json"/><exit expr="d.n"/></block></form>`,
        "/d.json": `{"n":42}`,
      },
    },
  ],
  [
    "data in XML is read as a document",
    "Ada",
    {
      pages: {
        "/": `<form><block><data name="d" src="d.xml"/><exit expr="d.documentElement.getElementsByTagName('name').item(0).firstChild.data"/></block></form>`,
        "/d.xml": `<r><name>Ada</name></r>`,
      },
    },
  ],
  [
    "data that is not there is error.badfetch",
    "error.badfetch.http.404",
    `<catch event="error.badfetch"><exit expr="_event"/></catch><form><block><data name="d" src="none.xml"/></block></form>`,
  ],
  [
    "an unknown transfer type is unsupported",
    "error.unsupported.transfer.warp",
    `<catch event="error"><exit expr="_event"/></catch><form><transfer name="t" type="warp" dest="tel:+12125550199"/></form>`,
  ],
  [
    "a platform object is unsupported",
    "error.unsupported.objectname",
    `<catch event="error"><exit expr="_event"/></catch><form><object name="o" classid="x:y"/></form>`,
  ],
  [
    "an unknown builtin is unsupported",
    "error.unsupported.builtin",
    `<catch event="error"><exit expr="_event"/></catch><form><field name="f" type="colour"/></form>`,
  ],
  [
    "a property that is no time is error.semantic",
    "error.semantic",
    `<property name="timeout" value="soon"/><catch event="error"><exit expr="_event"/></catch><form><field name="f">${DIGIT}</field></form>`,
  ],
  [
    "a wait that nobody could answer is error.semantic.nogrammars",
    "error.semantic.nogrammars",
    `<catch event="error"><exit expr="_event"/></catch><form><field name="f"/></form>`,
  ],
  [
    "exit with a namelist gives its variables",
    { a: 1, b: "x" },
    `<form><block><var name="a" expr="1"/><var name="b" expr="'x'"/><exit namelist="a b"/></block></form>`,
  ],
  [
    "relative addresses in a root's handler are those of the active document",
    "pass",
    {
      pages: {
        "/": `<form><block><goto next="deep/leaf"/></block></form>`,
        "/deep/leaf": `<vxml application="../root"><form><block><throw event="own"/></block></form></vxml>`,
        "/root": `<catch event="own"><goto next="here"/></catch>`,
        "/deep/here": `<form><block>${pass}</block></form>`,
        "/here": `<form><block>${fail}</block></form>`,
      },
    },
  ],
  [
    "help is heard where the property asks for universals",
    "help",
    `<property name="universals" value="help"/><form><field name="f">${YES}<help><exit expr="_event"/></help></field></form>`,
    ["help"],
  ],
  [
    "the last mark before an answer is told",
    "here",
    `<form><field name="f">${YES}<prompt>one <mark name="here"/> two</prompt><filled><exit expr="application.lastresult$.markname"/></filled></field></form>`,
    ["yes"],
  ],
  [
    "a foreach inside a prompt holds prompt content only",
    "pass",
    {
      pages: {
        "/": `<catch event="error.badfetch">${pass}</catch><form><block><goto next="bad"/></block></form>`,
        "/bad": `<form><block><prompt><foreach item="i" array="[1]"><assign name="a" expr="1"/></foreach></prompt></block></form>`,
      },
    },
  ],
];

test.each(
  cases.map((given) => ({ name: given[0], expected: given[1], scene: given[2], caller: given[3] ?? null })),
)("$name", async ({ expected, scene, caller }) => {
  const given: Scene = typeof scene === "string" ? { pages: { "/": scene } } : scene;
  const call = await playScene(caller === null ? given : { ...given, caller });
  expect(exitOf(call)).toEqual(expected);
});
