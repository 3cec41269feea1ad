// crowd.mjs -- clients that go on asking, half of them for streams, and keep
// what each was told.
//
// A client asks again a moment after its reply was whole, each time on a
// connection of its own, so that all workers get their share.

import { request } from './client.mjs';
import { pause } from './test.mjs';
import { ask } from './words.mjs';

const MOMENT = 10; // ms

/** What became of one request, in a few words. */
function noted(reply, stream) {
  const whole = reply.how === 'whole' && (!stream || reply.data.at(-1) === '[DONE]');
  return {
    answered: reply.status === 200 && whole && !reply.text.includes('"error"'),
    path: reply.headers['x-perilune-path'],
    attempts: Number(reply.headers['x-perilune-attempts']),
    text: reply.text,
  };
}

class Crowd {
  constructor(g, n) {
    Object.assign(this, { g, going: true, replies: [], last: Array(n).fill(null) });
    this.clients = this.last.map((_, nth) => this.live(nth));
  }

  async live(nth) {
    const stream = nth % 2 === 1;
    while (this.going) {
      const body = ask({ model: 'any', stream });
      this.last[nth] = await request(this.g, { body }).then(
        (reply) => noted(reply, stream),
        (error) => ({ answered: false, path: '', attempts: 0, text: String(error) }),
      );
      this.replies.push(this.last[nth]);
      await pause(MOMENT);
    }
  }

  /** Did every client's last reply come this way? */
  all(path) {
    return this.last.every((reply) => reply?.path === path);
  }

  /** No more requests; resolves when the last reply is there. */
  stop() {
    this.going = false;
    return Promise.all(this.clients);
  }
}

/** So many clients, at work until the test is over or stops them. */
export function crowd(t, g, n) {
  const c = new Crowd(g, n);
  t.after(() => c.stop());
  return c;
}
