// probes.mjs FOLDER -- what the tree has already as inputs for fuzz targets, a
// file each: FOLDER/http and FOLDER/reply the requests and replies of
// tests/data/http, FOLDER/policy the examples and the ready policies.
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';

const data = 'tests/data/http/';
const largest = 64 * 1024;

const words = (body) => ({
  $POST: 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n',
  $GET: 'GET /healthz HTTP/1.1\r\nHost: x\r\n',
  $BODY: body,
  $LEN: String(body.length),
  $HEX: body.length.toString(16),
});
const request = words('{"model":"m","messages":[]}');
const reply = words('{"choices":[]}');

/** The bytes of a case; null for one without `raw` or `parts`. */
function bytesOf(one, known) {
  const parts = one.parts ?? (one.raw === undefined ? null : [[one.raw, 1]]);
  if (parts === null) return null;
  const text = parts.map(([piece, times]) => piece.repeat(times)).join('');
  const full = text.replace(/\$(POST|GET|BODY|LEN|HEX)/g, (word) => known[word]);
  return Buffer.from(full.slice(0, largest), 'latin1');
}

const folder = process.argv[2];
for (const file of readdirSync(data).filter((name) => name.endsWith('.json'))) {
  const upstream = file === 'upstream.json';
  const to = `${folder}/${upstream ? 'reply' : 'http'}`;
  mkdirSync(to, { recursive: true });
  JSON.parse(readFileSync(data + file, 'utf8')).forEach((one, i) => {
    const bytes = bytesOf(one, upstream ? reply : request);
    if (bytes !== null) writeFileSync(`${to}/${file.replace('.json', '')}-${i}`, bytes);
  });
}
for (const room of ['examples', 'policies'])
  cpSync(room, `${folder}/policy`, {
    recursive: true,
    filter: (name) => name === room || name.endsWith('.lua'),
  });
