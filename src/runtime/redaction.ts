/** What stands in place of a secret. */
export const redacted = "[redacted]";

const secretWords =
  /password|passwd|secret|token|authorization|apikey|privatekey|accesskey|accountkey|servicekey|credential|cookie|basicauth|authparams|jaas/;
/** `secretName`, `tokenPath` and the like say where a secret is, not what it is. */
const pointers = /(name|namespace|path|file|dir|ref|count|type|id)$/;

const deepest = 8;
const mostElements = 100;

/** Whether a field of this name holds a secret, however it is spelled: `api-key`, `apiKey`, `s3.secret-key`, `Set-Cookie`. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_. ]/g, "");
  return secretWords.test(plain) && !pointers.test(plain);
}

/** A copy of what is about to be logged: secrets replaced, errors made plain objects, depth and length bounded. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= deepest) return "[too deep]";
  if (value instanceof Error) return plainError(value, depth);
  if (value instanceof Date) return value.toJSON();
  if (Array.isArray(value)) {
    const elements = value.slice(0, mostElements).map((element) => redact(element, depth + 1));
    return value.length > mostElements ? [...elements, `[${value.length - mostElements} more]`] : elements;
  }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    copy[name] =
      isSecretName(name) && field !== null && field !== undefined ? redacted : redact(field, depth + 1);
  }
  return copy;
}

/** Takes secrets out of a text: URL credentials, bearer and basic tokens, signatures and tokens in a query. */
export function redactText(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@"'\\]{1,512}@/gi, `$1${redacted}@`)
    .replace(/\b(bearer|basic) [a-z0-9._~+/-]{8,}=*/gi, `$1 ${redacted}`)
    .replace(
      /([?&](?:[a-z0-9_-]*(?:token|signature|password|secret|credential)|sig|api_?key)=)[^&\s"'\\]+/gi,
      `$1${redacted}`,
    );
}

function plainError(error: Error, depth: number): unknown {
  const fields: Record<string, unknown> = { type: error.name, message: error.message };
  // An error's own fields (code, status, retryable ...) are part of its meaning.
  for (const [name, field] of Object.entries(error)) {
    if (name !== "name" && name !== "stack")
      fields[name] = isSecretName(name) ? redacted : redact(field, depth + 1);
  }
  if (error.cause !== undefined) fields.cause = withoutStack(redact(error.cause, depth + 1));
  if (error instanceof AggregateError) fields.errors = redact(error.errors, depth + 1);
  fields.stack = error.stack;
  return fields;
}

/** The outermost error's stack is enough: a cause says what, not where. */
function withoutStack(cause: unknown): unknown {
  if (typeof cause === "object" && cause !== null && "stack" in cause) delete cause.stack;
  return cause;
}
