/**
 * A URL as it may stand in an event, in clear and for ever. A dialog that submits by GET puts what the Customer
 * keyed into the query, and programs put secrets and names there: values become stars, their names stay, so that
 * an auditor sees what was sent. The whole URL reaches only the application.
 */
export function maskedUrl(url: string): string {
  const [withoutFragment = ""] = url.split("#", 1);
  const mark = withoutFragment.indexOf("?");
  const [place, query] =
    mark < 0 ? [withoutFragment, null] : [withoutFragment.slice(0, mark), withoutFragment.slice(mark + 1)];
  // User and password before the host: up to the last "@" of the authority.
  const bare = place.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, "$1***@");
  return query === null ? bare : `${bare}?${query.split("&").map(maskedField).join("&")}`;
}

function maskedField(field: string): string {
  const equals = field.indexOf("=");
  // Without a name it is all value.
  return equals < 0 ? (field === "" ? "" : "***") : `${field.slice(0, equals)}=***`;
}
