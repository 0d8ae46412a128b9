/** Whether a routing key matches a topic pattern: `*` stands for one word, `#` for any number, words end at dots. */
export function topicMatches(pattern: string, key: string): boolean {
  if (pattern === key || pattern === "#") return true;
  return match(pattern.split("."), 0, key.split("."), 0);
}

function match(pattern: readonly string[], p: number, key: readonly string[], k: number): boolean {
  if (p === pattern.length) return k === key.length;
  const word = pattern[p]!;
  if (word === "#") {
    for (let next = k; next <= key.length; next++) if (match(pattern, p + 1, key, next)) return true;
    return false;
  }
  return k < key.length && (word === "*" || word === key[k]) && match(pattern, p + 1, key, k + 1);
}
