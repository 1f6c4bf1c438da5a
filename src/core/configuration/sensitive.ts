/** As Flink itself decides which values it hides (GlobalConfiguration), and a little more. */
const SENSITIVE =
  /password|passphrase|secret|credential|fs\.azure\.account\.key|api-?key|access-?key|auth-params|service-key|token|basic-auth|jaas\.config|http-headers|private/i;

/** Whether the value of a key may be a secret. */
export function isSensitive(key: string): boolean {
  return SENSITIVE.test(key);
}
