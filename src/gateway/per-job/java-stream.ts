/** One class as java.io.ObjectOutputStream describes it (Java Object Serialization Specification, 6). */
export interface JavaClass {
  readonly name: string;
  /** serialVersionUID. */
  readonly uid: bigint;
  /** Whether it has a writeObject of its own: its fields are then followed by what that writes, here nothing. */
  readonly hasWriteObject?: boolean;
  /** In the order of the stream: primitives first, each kind by name. Type as in class files: J, Ljava/lang/String; or [B. */
  readonly fields?: readonly (readonly [name: string, type: string])[];
  readonly parent?: JavaClass;
}

export type JavaValue = null | bigint | string | JavaObject | JavaArray;

/** An object; the values of all its classes' fields by name. */
export class JavaObject {
  readonly type: JavaClass;
  readonly values: Record<string, JavaValue>;

  constructor(type: JavaClass, values: Record<string, JavaValue> = {}) {
    this.type = type;
    this.values = values;
  }
}

/** An array of bytes, or an empty one of any other type. */
export class JavaArray {
  readonly type: JavaClass;
  readonly bytes: Buffer;

  constructor(type: JavaClass, bytes: Buffer = Buffer.alloc(0)) {
    this.type = type;
    this.bytes = bytes;
  }
}

const HEADER = Buffer.from("aced0005", "hex");
const [NULL, REFERENCE, CLASS_DESCRIPTOR, OBJECT, STRING, ARRAY, END] = [
  0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x78,
] as const;
const FIRST_HANDLE = 0x7e0000;
const [HAS_WRITE_OBJECT, IS_SERIALIZABLE] = [1, 2] as const;
/** Bytes of a text in a stream; longer ones have a form of their own, which nobody needs here. */
const LONGEST_TEXT = 65_535;

/** What ObjectOutputStream.writeObject makes of an object. Throws RangeError for a text of more than 65535 bytes. */
export function javaStream(object: JavaObject): Buffer {
  const stream = new JavaStream();
  stream.value(object);
  return stream.whole();
}

class JavaStream {
  readonly #parts: Buffer[] = [HEADER];
  readonly #handles = new Map<string | JavaClass | JavaObject | JavaArray, number>();

  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }

  value(value: JavaValue): void {
    if (value === null) this.#byte(NULL);
    else if (typeof value === "bigint") this.#long(value);
    else if (this.#known(value)) return;
    else if (typeof value === "string") this.#string(value);
    else if (value instanceof JavaObject) this.#object(value);
    else this.#array(value);
  }

  #string(text: string): void {
    this.#byte(STRING);
    this.#handle(text);
    this.#text(text);
  }

  #object(object: JavaObject): void {
    this.#byte(OBJECT);
    this.#class(object.type);
    this.#handle(object);
    // The uppermost class first.
    const line: JavaClass[] = [];
    for (let type: JavaClass | undefined = object.type; type; type = type.parent) line.unshift(type);
    for (const { fields = [], hasWriteObject } of line) {
      for (const [name] of fields) this.value(object.values[name] ?? null);
      if (hasWriteObject) this.#byte(END);
    }
  }

  #array(array: JavaArray): void {
    this.#byte(ARRAY);
    this.#class(array.type);
    this.#handle(array);
    this.#int(array.bytes.length);
    this.#parts.push(array.bytes);
  }

  #class(type: JavaClass): void {
    if (this.#known(type)) return;
    const { name, uid, hasWriteObject = false, fields = [], parent } = type;
    this.#byte(CLASS_DESCRIPTOR);
    this.#text(name);
    this.#long(uid);
    this.#handle(type);
    this.#byte(IS_SERIALIZABLE | (hasWriteObject ? HAS_WRITE_OBJECT : 0));
    this.#short(fields.length);
    for (const [field, of] of fields) {
      this.#byte(of.charCodeAt(0));
      this.#text(field);
      if (of.length > 1) this.value(of);
    }
    this.#byte(END);
    if (parent === undefined) this.#byte(NULL);
    else this.#class(parent);
  }

  /** What was written before is only pointed at. */
  #known(what: string | JavaClass | JavaObject | JavaArray): boolean {
    const handle = this.#handles.get(what);
    if (handle === undefined) return false;
    this.#byte(REFERENCE);
    this.#int(handle);
    return true;
  }

  #handle(what: string | JavaClass | JavaObject | JavaArray): void {
    this.#handles.set(what, FIRST_HANDLE + this.#handles.size);
  }

  #byte(value: number): void {
    this.#parts.push(Buffer.of(value));
  }

  #short(value: number): void {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(value);
    this.#parts.push(bytes);
  }

  #int(value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    this.#parts.push(bytes);
  }

  #long(value: bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
    this.#parts.push(bytes);
  }

  #text(text: string): void {
    const bytes = modifiedUtf8(text);
    if (bytes.length > LONGEST_TEXT) throw new RangeError(`a text of ${bytes.length} bytes`);
    this.#short(bytes.length);
    this.#parts.push(bytes);
  }
}

/** Java's own UTF-8: surrogates one by one, and no byte that is zero. */
function modifiedUtf8(text: string): Buffer {
  const bytes: number[] = [];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 1 && unit <= 0x7f) bytes.push(unit);
    else if (unit <= 0x7ff) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  return Buffer.from(bytes);
}
