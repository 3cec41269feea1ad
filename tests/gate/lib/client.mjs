// client.mjs -- HTTP clients: a plain one for whole replies and streams, and a
// bare socket for what no well-behaved client would send.

import http from 'node:http';
import net from 'node:net';
import { ask } from './words.mjs';
import { until } from './test.mjs';

const CHAT = '/v1/chat/completions';

function bytesOf(body) {
  if (body === undefined || Buffer.isBuffer(body) || typeof body === 'string') return body;
  return JSON.stringify(body);
}

/** A reply on its way: status and headers are there, the body comes. */
class Reply {
  constructor(req, res) {
    Object.assign(this, { req, res, status: res.statusCode, headers: res.headers });
    this.bytes = Buffer.alloc(0);
    this.events = 0;
    res.on('data', (part) => {
      this.bytes = Buffer.concat([this.bytes, part]);
    });
    /** 'whole', or why the body ended before its end. */
    this.over = new Promise((resolve) => {
      res.on('end', () => resolve('whole'));
      res.on('error', (error) => resolve(error.code ?? error.message));
    }).then((how) => {
      this.how = how;
      return how;
    });
  }

  get text() {
    return this.bytes.toString('utf8');
  }

  get json() {
    return JSON.parse(this.text);
  }

  /** The data of the whole events that came so far. */
  get data() {
    return this.text
      .split('\n\n')
      .slice(0, -1)
      .filter((e) => e.startsWith('data:'))
      .map((e) => e.slice(5).trim());
  }

  /** Wait for the next event; null when the stream is over without one. */
  async next() {
    const n = this.events++;
    await until(() => this.data.length > n || this.how !== undefined, 'an event');
    return this.data[n] ?? null;
  }

  /** Hang up. */
  leave() {
    this.req.destroy();
  }
}

/** Send a request; resolves with the reply's head. */
export function open(g, { method = 'POST', path = CHAT, headers = {}, body, agent = false } = {}) {
  return new Promise((resolve, reject) => {
    const bytes = bytesOf(body);
    const chunked = bytes === undefined || 'transfer-encoding' in headers;
    const all = {
      'content-type': 'application/json',
      ...headers,
      ...(chunked ? {} : { 'content-length': Buffer.byteLength(bytes) }),
    };
    const req = http.request({
      host: '127.0.0.1',
      port: g.port,
      method,
      path,
      headers: all,
      agent,
    });
    req.on('response', (res) => resolve(new Reply(req, res)));
    req.on('error', reject);
    req.end(bytes);
  });
}

/** Send a request; resolves when the reply is over. */
export async function request(g, options) {
  const reply = await open(g, options);
  await reply.over;
  return reply;
}

/** Ask for a chat completion, whole. */
export const chatWith = (g, more = {}, options = {}) => request(g, { body: ask(more), ...options });

/** Ask for a stream; resolves with its head. */
export const streamFrom = (g, more = {}, options = {}) =>
  open(g, { body: ask({ stream: true, ...more }), ...options });

/** The same, to its end. */
export const streamed = (g, more = {}, options = {}) =>
  request(g, { body: ask({ stream: true, ...more }), ...options });

/** A bare connection. `text` is what came so far. */
export class Wire {
  constructor(socket) {
    this.socket = socket;
    this.text = '';
    this.tail = ''; // the end of it: cheap to look at, however long it gets
    socket.setEncoding('latin1').on('data', (part) => {
      this.text += part;
      this.tail = (this.tail + part).slice(-256);
    });
    socket.on('error', () => {});
    /** Resolves when the other side has closed, or reset. */
    this.closed = new Promise((resolve) => {
      socket.once('end', resolve).once('close', resolve);
    });
  }

  send(bytes) {
    this.socket.write(bytes);
    return this;
  }

  /** Wait until this has come. */
  heard(pattern) {
    return until(() => this.text.match(pattern), String(pattern));
  }
}

export function wire(t, g) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port: g.port, allowHalfOpen: true });
    t.after(() => socket.destroy());
    socket.once('connect', () => resolve(new Wire(socket)));
    socket.once('error', reject);
  });
}

/** The bytes of a chat request on the wire. */
export function chatBytes(more = {}, headers = '') {
  const body = JSON.stringify(ask(more));
  return (
    `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
    `${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
