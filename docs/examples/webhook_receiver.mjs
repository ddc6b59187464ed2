#!/usr/bin/env node
// A department's own system that is told of its tickets: repeats the challenge that asks whether it is there, believes only what is
// signed, takes each event once, answers at once and works afterwards (here: prints a line).
// usage: webhook_receiver.mjs PORT SECRET-FILE     the file holds the secret "whsec_...", while it is being replaced the old one below it
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

const [port, secretFile] = process.argv.slice(2);
const TOLERANCE_S = 300;
const taken = new Set(); // in real life beside the data, in the transaction that stores them

// Standard Webhooks: HMAC-SHA256 over "id.timestamp.body"; a header may hold several signatures, one is enough.
function isSigned(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures } = headers;
  if (!id || !at || !signatures || Math.abs(Date.now() / 1000 - Number(at)) > TOLERANCE_S) return false;
  return fs.readFileSync(secretFile, 'utf8').split('\n').filter(Boolean).some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const expected = Buffer.from(`v1,${crypto.createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64')}`);
    return signatures.split(' ').some((given) => given.length === expected.length && crypto.timingSafeEqual(Buffer.from(given), expected));
  });
}

function take(event) {
  if (taken.has(event.id)) return; // a repeat
  taken.add(event.id);
  const { ticket = '', event: what = '', version = '' } = event.data;
  console.log([event.type, ticket, what, version].join(' ').trim());
}

http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    const body = Buffer.concat(chunks);
    if (!fs.existsSync(secretFile) || !isSigned(request.headers, body)) {
      response.writeHead(401).end();
      return;
    }
    const event = JSON.parse(body);
    if (event.type === 'paidan.endpoint.challenge') {
      response.end(event.data.challenge);
      return;
    }
    response.writeHead(204).end();
    setImmediate(take, event);
  });
}).listen(Number(port), '127.0.0.1', () => console.log(`listening on ${port}`));
