/** Where this package's own files lie, unless a bundler has moved them among the program's. */
const OWN_ROOT: string | undefined = /\/closures\/own\.[jt]s$/.test(import.meta.url)
  ? new URL("../", import.meta.url).href
  : undefined;

/** Whether a script is one of this package's. */
export function isOwnUrl(url: string): boolean {
  return OWN_ROOT !== undefined && url.startsWith(OWN_ROOT);
}

/** Whether a line of a stack trace stands in this package. */
export function isOwnFrame(line: string): boolean {
  return OWN_ROOT !== undefined && line.includes(OWN_ROOT);
}
