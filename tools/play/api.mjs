// The real HTTP door, as any client uses it: few connections, each answer waited for, busy answers tried again. Counts what went wrong.
import http from 'node:http';

const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
const PATIENCE_MS = 20_000;
const TRIES = 6;

export const counts = { calls: 0, again: 0, failed: 0, samples: new Map() };

function once(url, method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url + path, { method, headers, agent, timeout: PATIENCE_MS }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        let json = null;
        if (/json/.test(response.headers['content-type'] ?? '') && !/ndjson/.test(response.headers['content-type'])) {
          try {
            json = JSON.parse(text);
          } catch {
            return reject(new Error(`no JSON: ${text.slice(0, 200)}`));
          }
        }
        resolve({ status: response.statusCode, headers: response.headers, text, body: json });
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer in 20 s')));
    request.on('error', reject);
    request.end(body);
  });
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// An answer of 429 or 503 and a broken connection are tried again: pushes and commands carry keys that make a repeat harmless.
export async function send(url, method, path, headers, body) {
  counts.calls++;
  for (let attempt = 1; ; attempt++) {
    let answer = null;
    let why = '';
    try {
      answer = await once(url, method, path, headers, body);
      if (answer.status !== 429 && answer.status < 502) return answer;
      why = `${answer.status}`;
    } catch (error) {
      why = error.message;
    }
    if (attempt === TRIES) {
      failed(`${method} ${path.replace(/[RT]?\d{5,}/g, '…')}: ${why}`);
      return answer ?? { status: 0, headers: {}, text: why, body: null };
    }
    counts.again++;
    await sleep(100 * 2 ** attempt);
  }
}

export function failed(what) {
  counts.failed++;
  counts.samples.set(what, (counts.samples.get(what) ?? 0) + 1);
}

export class Client {
  constructor(url, headers) {
    this.url = url;
    this.headers = { 'accept-language': 'zh', ...headers };
  }

  static token(url, token) {
    return new Client(url, { authorization: `Bearer ${token}` });
  }

  static async signIn(url, user, password) {
    const nobody = new Client(url, {});
    const answer = await nobody.post('/api/v1/session', { user, password });
    if (answer.status !== 200) throw new Error(`${user} cannot sign in: ${answer.status} ${answer.text.slice(0, 200)}`);
    const cookie = (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
    return new Client(url, { cookie, 'x-csrf-token': answer.body.csrf });
  }

  get(path) {
    return send(this.url, 'GET', path, this.headers);
  }

  post(path, body, headers = {}) {
    const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
    return send(this.url, 'POST', path, { ...this.headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers }, text);
  }

  delete(path) {
    return send(this.url, 'DELETE', path, this.headers);
  }
}

// Runs the jobs, so many at a time.
export async function together(jobs, limit) {
  let next = 0;
  const worker = async () => {
    while (next < jobs.length) await jobs[next++]();
  };
  await Promise.all(Array.from({ length: Math.min(limit, jobs.length) }, worker));
}
