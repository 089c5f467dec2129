import ipaddr from "ipaddr.js";

const GLOBAL_V6 = ipaddr.parseCIDR("2000::/3");

/**
 * Whether an IP address is a public one. The library's ranges alone let `::7f00:1` through, hence the second
 * condition for IPv6; IPv4 in IPv6 clothes is judged as IPv4.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  return ip.range() === "unicast" && (ip.kind() === "ipv4" || ip.match(GLOBAL_V6));
}

/** 127.0.0.0/8 and ::1: what a developer's own machine answers on. */
export function isLoopbackAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback";
}
