// biller.mjs -- an upstream that keeps its own books.
//
// What it bills is decided when a request arrives, before a byte is answered:
// the prompt's tokens and an answer of a length drawn by dice, which never
// passes what the request allows: the larger limit, for every choice. So its bill is the dearest
// truth there is, whatever the gateway lives to hear of it.

import { mock } from './mock.mjs';
import { chat, chunk, sse } from './words.mjs';

/** Tokens the request can have at most: no token is shorter than a byte. */
const promptOf = (arrival, dice) => 1 + Math.floor(dice() * arrival.body.length);

function usageOf(arrival, dice) {
  const body = arrival.json;
  const limits = [body.max_tokens, body.max_completion_tokens].filter((n) => n !== undefined);
  const most = Math.max(...limits) * (body.n ?? 1);
  if (!(most > 0)) throw new Error(`an unbounded request: ${arrival.text}`);
  const prompt = promptOf(arrival, dice);
  const completion = 1 + Math.floor(dice() * most);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  };
}

const events = (usage) => [
  sse(chunk({ role: 'assistant', content: '' })),
  ...['o', 'n', 'e'].map((content) => sse(chunk({ content }))),
  sse(chunk({}, 'stop')),
  sse({ ...chunk({}), choices: [], usage }),
  sse('[DONE]'),
];

/** Open one: `bill` is what it has billed so far, in tokens, `unbounded` what
 * came without a limit. `before(arrival)` may keep an answer waiting. */
export async function biller(t, dice, before = () => {}) {
  const m = await mock(t, async (arrival) => {
    try {
      arrival.usage = usageOf(arrival, dice);
    } catch (error) {
      m.unbounded.push(error.message);
      arrival.say({ error: { message: 'no limit' } }, 400);
      return;
    }
    m.bill += arrival.usage.total_tokens;
    await before(arrival);
    if (arrival.json.stream) await arrival.stream(events(arrival.usage));
    else arrival.say(chat('one', { usage: arrival.usage }));
  });
  return Object.assign(m, { bill: 0, unbounded: [] });
}
