/** Where this package's own files lie, unless a bundler has moved them among the program's. */
export const OWN_ROOT: string | undefined = /\/closures\/own\.[jt]s$/.test(import.meta.url)
  ? new URL("../", import.meta.url).href
  : undefined;

/** Whether a line of a stack trace stands in this package. */
export function isOwnFrame(line: string): boolean {
  return OWN_ROOT !== undefined && line.includes(OWN_ROOT);
}
