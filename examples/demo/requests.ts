/** I/O work: asks the local server, which answers after a while as a database or a distant service would. */
export async function requestStatus(url: string): Promise<string> {
  const response = await fetch(url);
  return response.text();
}
