/**
 * Splits a command into words as the SSM agent does in containers (google/shlex, POSIX rules): blanks part words, quotes and
 * backslashes keep them together, `#` at the start of a word begins a comment. No shell is involved: pipes and variables
 * are the program's arguments like any other. `undefined` for a quote that is not closed.
 */
export function splitCommand(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '#' && word === undefined) {
      while (at + 1 < text.length && text.charAt(at + 1) !== '\n') at++;
    } else if (char === '\\') {
      if (at + 1 >= text.length) return undefined;
      word = (word ?? '') + text.charAt(++at);
    } else if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) return undefined;
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      word ??= '';
      for (at++; text.charAt(at) !== '"'; at++) {
        if (text.charAt(at) === '\\') at++;
        if (at >= text.length) return undefined;
        word += text.charAt(at);
      }
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
