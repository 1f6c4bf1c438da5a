import { expect, test } from "vitest";
import { formatListenAddress, parseAddressRange, parseListenAddress } from "./network-address.ts";

test.each([
  [":8080", { port: 8080 }],
  ["0.0.0.0:0", { host: "0.0.0.0", port: 0 }],
  ["localhost:65535", { host: "localhost", port: 65535 }],
  ["[::1]:8081", { host: "::1", port: 8081 }],
])("%s is an address to listen on", (text, want) => {
  expect(parseListenAddress(text)).toEqual(want);
  expect(formatListenAddress(want)).toBe(text);
});

test.each([
  "",
  "8080",
  "localhost",
  "a:b:1",
  "::1:80",
  "[::1]",
  "[1.2.3.4]:80",
  ":65536",
  ":-1",
  "http://x:80",
])("%j is not an address to listen on", (text) => {
  expect(parseListenAddress(text)).toBeUndefined();
});

test.each([
  ["10.0.0.0/8", { address: "10.0.0.0", prefix: 8, family: "ipv4" }],
  ["169.254.169.254", { address: "169.254.169.254", prefix: 32, family: "ipv4" }],
  ["fd00::/8", { address: "fd00::", prefix: 8, family: "ipv6" }],
])("%s is a range of addresses", (text, want) => {
  expect(parseAddressRange(text)).toEqual(want);
});

test.each(["", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "example.com", "10.0.0.0/", "1.2.3.4/a"])(
  "%j is not a range of addresses",
  (text) => {
    expect(parseAddressRange(text)).toBeUndefined();
  },
);
