/** The command line could not be understood; the message is for the person who typed it. */
export class UsageError extends Error {
  readonly code = "USAGE";
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UsageError";
  }
}
