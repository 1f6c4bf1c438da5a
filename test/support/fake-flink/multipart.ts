/** A file in a multipart/form-data body. */
export interface UploadedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The files of an upload; fields without a file name do not count. */
export function uploadedFiles(contentType: string | undefined, body: Buffer): UploadedFile[] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType ?? "")?.[1];
  if (boundary === undefined) return [];
  const delimiter = Buffer.from(`--${boundary}`);
  const files: UploadedFile[] = [];
  let start = body.indexOf(delimiter);
  while (start !== -1) {
    const end = body.indexOf(delimiter, start + delimiter.length);
    if (end === -1) break;
    const headEnd = body.indexOf("\r\n\r\n", start);
    const head = body.subarray(start, headEnd).toString("utf8");
    const name = /filename="([^"]*)"/.exec(head)?.[1];
    if (name !== undefined && headEnd < end) files.push({ name, bytes: body.subarray(headEnd + 4, end - 2) });
    start = end;
  }
  return files;
}
