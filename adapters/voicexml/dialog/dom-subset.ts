import type { XmlElement, XmlNode } from "../document/xml-node.ts";
import type { Value } from "../script/realm.ts";

/** An element as [name, namespace, [[attribute, value]…], children]; a text as itself. */
export function plainTree(node: XmlElement | XmlNode): Value {
  if (node.kind === "text") return node.text;
  return [
    node.local,
    node.ns,
    [...node.attributes].map(([name, value]) => [name, value]),
    node.children.map(plainTree),
  ];
}

/**
 * A script that turns the plain tree in variable `name` into the read-only DOM subset of VoiceXML 2.1 appendix D,
 * inside the realm, where it is as harmless as any other script of the document.
 */
export function domScript(name: string): string {
  return `${name} = (${BUILD})(${name});`;
}

const BUILD = `function (tree) {
  function list(items) { items.item = function (i) { return i >= 0 && i < items.length ? items[i] : null; }; return items; }
  function text(node) { return node.nodeType === 3 ? node.data : node.childNodes.map(text).join(""); }
  function find(node, local, ns, found) {
    node.childNodes.forEach(function (child) {
      if (child.nodeType !== 1) return;
      if ((local === "*" || child.localName === local) && (ns === null || ns === "*" || child.namespaceURI === ns)) found.push(child);
      find(child, local, ns, found);
    });
    return found;
  }
  function link(node) {
    node.firstChild = node.childNodes[0] || null;
    node.lastChild = node.childNodes[node.childNodes.length - 1] || null;
    node.childNodes.forEach(function (child, i) {
      child.parentNode = node;
      child.previousSibling = node.childNodes[i - 1] || null;
      child.nextSibling = node.childNodes[i + 1] || null;
    });
    node.hasChildNodes = function () { return node.childNodes.length > 0; };
    return node;
  }
  function build(source, owner) {
    if (typeof source === "string") {
      return { nodeType: 3, nodeName: "#text", nodeValue: source, data: source, length: source.length,
        childNodes: list([]), firstChild: null, lastChild: null, ownerDocument: owner,
        hasChildNodes: function () { return false; } };
    }
    var node = { nodeType: 1, nodeName: source[0], tagName: source[0], localName: source[0],
      namespaceURI: source[1] || null, nodeValue: null, ownerDocument: owner };
    var attributes = source[2].map(function (pair) {
      return { nodeType: 2, nodeName: pair[0], name: pair[0], value: pair[1], nodeValue: pair[1], specified: true, ownerElement: node };
    });
    node.attributes = list(attributes);
    node.getAttributeNode = function (name) { return attributes.filter(function (a) { return a.name === name; })[0] || null; };
    node.attributes.getNamedItem = node.getAttributeNode;
    node.getAttribute = function (name) { var a = node.getAttributeNode(name); return a ? a.value : ""; };
    node.hasAttribute = function (name) { return node.getAttributeNode(name) !== null; };
    node.hasAttributes = function () { return attributes.length > 0; };
    node.childNodes = list(source[3].map(function (child) { return build(child, owner); }));
    node.getElementsByTagName = function (name) { return list(find(node, name, null, [])); };
    node.getElementsByTagNameNS = function (ns, name) { return list(find(node, name, ns, [])); };
    return link(node);
  }
  var owner = { nodeType: 9, nodeName: "#document", nodeValue: null, parentNode: null, ownerDocument: null };
  owner.documentElement = build(tree, owner);
  owner.childNodes = list([owner.documentElement]);
  owner.getElementsByTagName = function (name) { return list(find(owner, name, null, [])); };
  owner.getElementsByTagNameNS = function (ns, name) { return list(find(owner, name, ns, [])); };
  owner.getElementById = function (id) {
    return find(owner, "*", null, []).filter(function (node) { return node.getAttribute("id") === id; })[0] || null;
  };
  return link(owner);
}`;
