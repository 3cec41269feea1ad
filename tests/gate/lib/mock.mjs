// mock.mjs -- an upstream that does as it is told and remembers every arrival.
//
// It stands on node:http for reading requests; what it says goes out by
// methods of the arrival, down to raw bytes and a broken socket. Every arrival
// counts, also one on a connection that was used before.

import http from 'node:http';
import net from 'node:net';
import { chat, events, sse } from './words.mjs';

/** One request that reached the upstream, and how to answer it. */
class Arrival {
  constructor(req, res, body) {
    Object.assign(this, { req, res, body, socket: req.socket });
    this.method = req.method;
    this.path = req.url;
    this.headers = req.headers;
    this.rawHeaders = req.rawHeaders;
    this.left = false;
    /** Resolves when the other side has hung up, or all is said. */
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.left = true;
        resolve();
      });
    });
  }

  get text() {
    return this.body.toString('utf8');
  }

  get json() {
    return JSON.parse(this.text);
  }

  /** Answer with a body: an object, a text or bytes. */
  say(body = chat(), status = 200, headers = {}) {
    const bytes = Buffer.isBuffer(body)
      ? body
      : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    this.res.writeHead(status, {
      'content-type': 'application/json',
      'content-length': bytes.length,
      ...headers,
    });
    this.res.end(bytes);
  }

  /** The head of a stream. */
  head(headers = {}) {
    this.res.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    this.res.flushHeaders();
    return this;
  }

  /** Write, and wait until the socket has taken it. */
  write(bytes) {
    return new Promise((resolve) => {
      this.res.write(bytes, () => resolve());
    });
  }

  /** Events in one go: a whole stream, unless told otherwise. */
  async stream(list = events()) {
    this.head();
    for (const event of list) await this.write(event.startsWith?.('data:') ? event : sse(event));
    this.res.end();
  }

  /** Break the connection: the reply is cut off. */
  die() {
    this.socket.destroy();
  }

  /** Bytes past any HTTP rules, then a close. */
  raw(bytes) {
    this.socket.end(bytes);
  }
}

class Mock {
  constructor(answer, port) {
    this.answer = answer;
    this.port = port;
    this.arrivals = [];
    this.connections = 0;
    this.waiting = [];
    this.sockets = new Set();
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get last() {
    return this.arrivals[this.arrivals.length - 1];
  }

  /** Wait for the nth arrival, from 1. */
  arrival(n = 1) {
    if (this.arrivals.length >= n) return Promise.resolve(this.arrivals[n - 1]);
    return new Promise((resolve) => {
      this.waiting.push({ n, resolve });
    });
  }

  take(req, res) {
    const parts = [];
    req.on('data', (part) => parts.push(part));
    req.on('error', () => {});
    res.on('error', () => {});
    req.on('end', () => this.answerTo(new Arrival(req, res, Buffer.concat(parts))));
  }

  answerTo(arrival) {
    this.arrivals.push(arrival);
    for (const w of this.waiting.filter((one) => one.n <= this.arrivals.length))
      w.resolve(this.arrivals[w.n - 1]);
    this.waiting = this.waiting.filter((one) => one.n > this.arrivals.length);
    Promise.resolve(this.answer(arrival, this.arrivals.length)).catch(() => {});
  }

  keep(socket) {
    this.connections++;
    this.sockets.add(socket);
    socket.setMaxListeners(0);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => {});
  }

  open() {
    this.server = http.createServer({ keepAlive: true }, (req, res) => this.take(req, res));
    Object.assign(this.server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
    this.server.on('connection', (socket) => this.keep(socket));
    return new Promise((resolve) => {
      this.server.listen(this.port, '127.0.0.1', () => {
        this.port = this.server.address().port;
        resolve(this);
      });
    });
  }

  close() {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}

/** Answers as the request asks: a whole reply or a stream. */
export const usual = (a) => (a.json.stream ? a.stream() : a.say());

/** Open an upstream; `answer(arrival, nth)` is called for each arrival. */
export async function mock(t, answer = usual, port = 0) {
  const m = await new Mock(answer, port).open();
  t.after(() => m.close());
  return m;
}

/** A port that can be left and taken again: the kernel gives it to nobody who
 * asks for any. */
export function portToKeep() {
  return new Promise((resolve) => {
    const port = 10000 + Math.floor(Math.random() * 10000);
    const server = net.createServer().listen(port, '127.0.0.1', () => {
      server.close(() => resolve(port));
    });
    server.on('error', () => resolve(portToKeep()));
  });
}

/** A port that nobody listens on. */
export function closedPort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
