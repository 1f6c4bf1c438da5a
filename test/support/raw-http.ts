import { connect } from "node:net";

/** Sends exactly these bytes and reads until the server ends the connection, or is silent for `silenceMs` after an answer. */
export async function rawHttp(port: number, text: string, silenceMs = 150): Promise<RawAnswer> {
  const socket = connect({ port, host: "127.0.0.1" });
  let received = "";
  let closed = false;
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    socket.setTimeout(silenceMs);
  });
  // A reset is an end like any other here.
  socket.on("error", () => socket.destroy());
  socket.on("timeout", () => socket.destroy());
  socket.on("end", () => {
    closed = true;
  });
  const gone = new Promise((resolve) => socket.on("close", resolve));
  socket.write(Buffer.from(text, "latin1"));
  await gone;
  return new RawAnswer(received, closed);
}

export class RawAnswer {
  readonly text: string;
  /** Whether the server ended the connection. */
  readonly closed: boolean;

  constructor(text: string, closed: boolean) {
    this.text = text;
    this.closed = closed;
  }

  /** Of the first answer; 0 when there was none. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.text)?.[1] ?? 0);
  }

  /** How many answers came. */
  get answers(): number {
    return this.text.match(/^HTTP\/1\.1 \d{3}/gm)?.length ?? 0;
  }
}
