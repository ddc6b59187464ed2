// An S3-compatible store to test against: s3rver keeps the objects, and in front of it stands a door that checks each request's
// signature with aws4 (s3rver takes any) and the content's hash, and that can be told to fail.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const require = createRequire(import.meta.url);
const aws4 = require('aws4');
const S3rver = require('s3rver');

export const KEY = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

function isSigned(request, body) {
  const sha256 = request.headers['x-amz-content-sha256'];
  if (sha256 !== crypto.createHash('sha256').update(body).digest('hex')) return false;
  const [, region] = /Credential=[^/]+\/\d+\/([^/]+)\/s3\//.exec(request.headers.authorization ?? '') ?? [];
  const again = aws4.sign({ service: 's3', region, method: request.method, path: request.url,
    headers: { Host: request.headers.host, 'X-Amz-Content-Sha256': sha256, 'X-Amz-Date': request.headers['x-amz-date'] } }, KEY);
  const signature = (text) => /Signature=([0-9a-f]{64})/.exec(text)?.[1];
  return signature(again.headers.Authorization) === signature(request.headers.authorization);
}

export class S3 {
  constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'paidan-s3-'));
    this.failures = 0; // so many of the next requests fail
    this.unsigned = this.requests = 0;
  }

  async start() {
    this.inner = new S3rver({ port: 0, address: '127.0.0.1', directory: this.folder, silent: true, configureBuckets: [{ name: 'paidan' }] });
    const { port } = await this.inner.run();
    this.server = http.createServer(async (request, response) => {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      const body = Buffer.concat(pieces);
      this.requests++;
      if (this.failures > 0) return this.failures--, response.writeHead(503).end();
      if (!isSigned(request, body)) return this.unsigned++, response.writeHead(403).end();
      const passed = http.request({ port, host: '127.0.0.1', method: request.method, path: request.url, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      passed.end(body);
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}/paidan`;
    return this;
  }

  async stop() {
    await new Promise((resolve) => this.server.close(resolve));
    await this.inner.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
