// How fast tokens are counted, beside npm's tiktoken and gpt-tokenizer: megabytes of
// text per second of processor time. Each turn is a process of its own, they take
// turns in rounds, and shown is the median of the rounds' best. gpt-tokenizer keeps
// what it merged; each pass begins with nothing kept, as a text that is new does, and
// as ours does.
//
//     node bench.mjs [SECONDS of a turn] [ROUNDS] [TEXTS]

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dice } from './texts.mjs';

const { IDS, RANKS } = process.env;
const self = fileURLToPath(import.meta.url);
const top = join(self, '../../..');
const read = (path) => readFileSync(join(top, path), 'utf8');

/** One turn: the best of as many passes as fit. */
async function turn(who, encoding, path, seconds) {
  const text = readFileSync(path, 'utf8');
  let count;
  if (who === 'tiktoken') {
    const e = (await import('tiktoken')).get_encoding(`${encoding}_base`);
    count = () => e.encode(text, [], []).length;
  } else {
    const e = await import(`gpt-tokenizer/encoding/${encoding}_base`);
    count = () => {
      e.clearMergeCache();
      return e.countTokens(text);
    };
  }
  const spent = () => Object.values(process.cpuUsage()).reduce((a, b) => a + b) / 1e6;
  let best = 0;
  for (const end = spent() + seconds; spent() < end; ) {
    const from = spent();
    let n = 0;
    do {
      count();
      n++;
    } while (spent() - from < 0.02);
    best = Math.max(best, (Buffer.byteLength(text) * n) / (spent() - from));
  }
  console.log(Math.round(best));
}

function texts() {
  const roll = dice(3);
  const han = [...'月球背面的无线电很安静适合观测人们不知道它有多远这取决于日子'];
  const chinese = Array.from({ length: 60000 }, () => (roll(12) ? han[roll(han.length)] : '，')).join('');
  const sources = readdirSync(join(top, 'core/wire')).filter((f) => f.endsWith('.c'));
  const say = (content, i) => ({ role: i % 2 ? 'assistant' : 'user', content });
  return {
    'English prose': readFileSync('/usr/share/common-licenses/GPL-3', 'utf8'),
    'Markdown': read('tests/data/incidents.md'),
    'C': sources.map((f) => read(`core/wire/${f}`)).join(''),
    'a request in JSON': JSON.stringify({ model: 'gpt-4o', messages: read('lua/README.md').split('\n\n').map(say) }),
    'numbers and many languages': read('tests/tokens/node_modules/gpt-tokenizer/data/TestPlans.txt'),
    'Chinese letters by chance': chinese,
    'a word of 4,000 letters': Array.from({ length: 4000 }, () => String.fromCharCode(97 + roll(26))).join(''),
  };
}

const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];

function bench(seconds, rounds, most) {
  const folder = mkdtempSync(join(tmpdir(), 'perilune-tokens-'));
  console.log('MB/s of processor time               perilune   tiktoken   gpt-tokenizer   ratio to the faster');
  for (const encoding of ['o200k', 'cl100k'])
    for (const [what, text] of Object.entries(texts()).slice(0, most)) {
      const path = join(folder, 'text');
      writeFileSync(path, text);
      const speeds = { perilune: [], tiktoken: [], 'gpt-tokenizer': [] };
      for (let i = 0; i < rounds; i++)
        for (const who of Object.keys(speeds)) {
          const args = who === 'perilune'
            ? [IDS, [`${RANKS}/${encoding}_base.tiktoken`, encoding, seconds, path]]
            : [process.execPath, [self, 'turn', who, encoding, path, seconds]];
          speeds[who].push(Number(execFileSync(args[0], args[1].map(String))) / 1e6);
        }
      const [us, a, b] = Object.values(speeds).map(median);
      console.log(`${`${encoding}, ${what}`.padEnd(34)} ${us.toFixed(0).padStart(10)} ${a.toFixed(1).padStart(10)} ` +
        `${b.toFixed(1).padStart(15)} ${(us / Math.max(a, b)).toFixed(1).padStart(21)}`);
    }
  rmSync(folder, { recursive: true });
}

const [first, ...rest] = process.argv.slice(2);
if (first === 'turn') await turn(rest[0], rest[1], rest[2], Number(rest[3]));
else bench(Number(first ?? 0.5), Number(rest[0] ?? 5), Number(rest[1] ?? 99));
