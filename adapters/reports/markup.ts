/** HTML from templates: whatever is put in is text, unless it is markup already. */

export type Markup = { readonly html: string };

export function markup(
  parts: TemplateStringsArray,
  ...values: readonly (Markup | string | number | readonly Markup[])[]
): Markup {
  const pieces = parts.map((part, at) => part + (at < values.length ? render(values[at] ?? "") : ""));
  return { html: pieces.join("") };
}

function render(value: Markup | string | number | readonly Markup[]): string {
  if (typeof value === "string") return escaped(value);
  if (typeof value === "number") return String(value);
  return "html" in value ? value.html : value.map(({ html }) => html).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}
