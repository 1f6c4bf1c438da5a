import { generateKeyPairSync, sign } from "node:crypto";

/** DER: one element of this tag. */
function element(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
const sequence = (...parts: Uint8Array[]) => element(0x30, ...parts);
const hex = (text: string) => Buffer.from(text, "hex");
/** `230101120000Z` */
const time = (ms: number) =>
  element(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));

const ecdsaWithSha256 = sequence(element(6, hex("2a8648ce3d040302")));
const subjectAltName = element(6, hex("551d11"));
const dayMs = 86_400_000;

/** A certificate for 127.0.0.1 that is signed with its own key, both PEM. */
export function selfSigned(commonName: string): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const nameParts = sequence(element(6, hex("550403")), element(12, Buffer.from(commonName)));
  const name = sequence(element(0x31, nameParts));
  const addresses = sequence(element(0x87, hex("7f000001")));
  const toBeSigned = sequence(
    element(0xa0, element(2, hex("02"))),
    element(2, hex("01")),
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() - dayMs), time(Date.now() + dayMs)),
    name,
    publicKey.export({ format: "der", type: "spki" }),
    element(0xa3, sequence(sequence(subjectAltName, element(4, addresses)))),
  );
  const signature = element(3, hex("00"), sign("sha256", toBeSigned, privateKey));
  const base64 = sequence(toBeSigned, ecdsaWithSha256, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return {
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
    key: String(privateKey.export({ format: "pem", type: "pkcs8" })),
  };
}
