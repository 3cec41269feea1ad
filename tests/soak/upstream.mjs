// upstream.mjs -- an upstream that fails as the request asks it to. The prompt
// says how: "soak ID FAULT".

import http from 'node:http';
import { chat, chunk, error, events, sse } from '../gate/lib/words.mjs';

const later = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const PIECES = ['The ', 'moon ', 'is ', 'near.'];
const stream = () => events(PIECES).join('');
const head = (res) => res.writeHead(200, { 'content-type': 'text/event-stream' });

function whole(res, body = chat(PIECES.join('')), status = 200) {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}

async function usual(res, asked) {
  if (!asked.stream) return whole(res);
  head(res);
  for (const event of events(PIECES)) {
    res.write(event);
    await later(5);
  }
  return res.end();
}

/** How each fault looks from here. */
const FAULTS = {
  /** Never a byte: the gateway's patience ends it. */
  hang: () => {},
  /** The connection breaks before the head. */
  die: (res) => res.destroy(),
  /** It breaks off after the first token. */
  cut: async (res) => {
    head(res);
    res.write(sse(chunk({ role: 'assistant', content: 'The ' })));
    await later(20);
    res.destroy();
  },
  /** Everything comes, a few bytes at a time. */
  drip: async (res) => {
    const bytes = stream();
    head(res);
    for (let at = 0; at < bytes.length; at += 64) {
      res.write(bytes.slice(at, at + 64));
      await later(10);
    }
    res.end();
  },
  /** It is no HTTP at all. */
  garbage: (res) => res.socket.end('\x00\x01 not HTTP \xff\r\n\r\n'),
  /** HTTP it is, and no JSON in it. */
  nonsense: (res) => {
    head(res);
    res.end('data: {"choices":[{\n\ndata: nonsense\n\n');
  },
  /** Too busy, in proper words. */
  busy: (res) => whole(res, error('busy'), 503),
};

/** Open it. `seen(id)` is called when a request has arrived; without `faults`
 * it does well whatever it is asked. */
export function upstream(seen, faults) {
  const server = http.createServer({ keepAlive: true }, (req, res) => {
    const parts = [];
    res.on('error', () => {});
    req.on('error', () => {});
    req.on('data', (part) => parts.push(part));
    req.on('end', () => {
      const asked = JSON.parse(Buffer.concat(parts).toString());
      const [, id, fault] = asked.messages[0].content.split(' ');
      seen(id);
      Promise.resolve(((faults && FAULTS[fault]) || usual)(res, asked)).catch(() => {});
    });
  });
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
