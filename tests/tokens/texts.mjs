// Texts on which counting could go wrong.

const PARTS = ['a', 'b', 'Z', 'É', 'ß', 'ǅ', 'ʰ', '中', 'ひ', 'ไ', 'ก', '\u0301', '\u0e34', '1',
  '٣', 'Ⅷ', ' ', '  ', '\t', '\n', '\r', '\r\n', '\u00a0', '\u3000', '\u2028', '\u0085', "'",
  "'s", "'S", "'ſ", "'ll", "'Re", "'ve", '/', '//', '!', '...', '😀', '👨‍👩‍👧', '\u0000', '\u001f',
  '\u200d', '\ufe0f', '\ufffd', '\u{e0101}', 'The', ' the', '_', '-', '<|endoftext|>'];

/** Numbers that are the same every time. */
export function dice(seed) {
  let state = BigInt(seed);
  return (n) => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number(state >> 33n) % n;
  };
}

const made = (n, one) => Array.from({ length: n }, one).join('');

/** Every character there is, each beside what would show its class. */
export function* characters() {
  for (let from = 0; from < 0xe0200; from += 1024) {
    if (from === 0x34000) from = 0xe0000; // nothing between them
    let text = '';
    for (let c = from; c < from + 1024; c++)
      if (c < 0xd800 || c > 0xdfff) text += `${String.fromCodePoint(c)}'s1A${String.fromCodePoint(c)}a`;
    if (text) yield text;
  }
}

/** Short texts of parts that each say something to the splitters. */
export function* mixed(n, roll) {
  for (let i = 0; i < n; i++) yield made(1 + roll(12), () => PARTS[roll(PARTS.length)]);
}

/** Characters by chance, half of them from the scripts of Europe and India. */
export function* random(n, roll) {
  for (let i = 0; i < n; i++)
    yield made(1 + roll(30), () => {
      const c = roll(roll(2) ? 0x3000 : 0x110000);
      return String.fromCodePoint(c >= 0xd800 && c <= 0xdfff ? 65 : c);
    });
}

/** Words so long that they are merged in windows. */
export function* long(n, roll) {
  for (let i = 0; i < n; i++) {
    const letters = 1 + roll(26);
    yield made(250 + roll(800), () => String.fromCharCode(97 + roll(letters)));
    const han = 0x4e00 + roll(5000);
    yield made(90 + roll(300), () => String.fromCharCode(han + roll(30)));
  }
  for (const one of ['a', ' ', '\n', '-', '=', '中', '\u0301', 'ab', '0x', ')(']) yield one.repeat(3000);
}

/** Lines of a megabyte without a break. */
export function* lines(roll) {
  const words = ['the', 'moon', 'perilune', '384400', 'km', 'far()', '月球', 'é', "isn't"];
  let text = '';
  while (text.length < 1 << 20) text += words[roll(words.length)] + (roll(9) ? ' ' : '');
  yield text;
}
