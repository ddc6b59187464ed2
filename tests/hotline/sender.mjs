// The hotline's sending side: pushes its requests one by one and in batches, gives up waiting now and then and sends the same again,
// repeats what was answered, changes the order, and says things about requests that are not there yet. Its journal keeps what it was
// answered; what does not fit is a fault.
import http from 'node:http';

const WINDOW = 400, BATCH_MAX = 200, WORKERS = 8;

export class Sender {
  constructor({ url, token, source, random, requests, faults }) {
    Object.assign(this, { url, token, source, random, faults });
    this.journal = new Map(requests.map((request) => [request.id, { ...request, number: null, received_at: null, created: 0, answers: 0 }]));
    this.messages = new Map(requests.flatMap((request) => request.messages).map((message) => [message.id, { ...message, created: 0 }]));
    this.counts = { single: 0, batches: 0, lines: 0, messages: 0, timeouts: 0, cuts: 0, repeats: 0, conflicts: 0, turned_away: 0 };
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 4 * WORKERS });
    // reordered over a window; a message keeps near its request, before or behind it
    const work = requests.flatMap((request, i) => [
      [i + random.between(0, WINDOW), { kind: 'request', entry: this.journal.get(request.id) }],
      ...request.messages.map((message) => [i + random.between(-WINDOW / 2, WINDOW), { kind: 'message', entry: this.messages.get(message.id) }]),
    ]);
    this.work = work.sort((a, b) => a[0] - b[0]).map(([, op]) => op);
    this.at = 0;
  }

  async run() {
    await Promise.all(Array.from({ length: WORKERS }, () => this.worker()));
    this.agent.destroy();
  }

  async worker() {
    while (this.at < this.work.length) {
      const op = this.work[this.at++];
      if (op.kind === 'request' && this.random.chance(15)) await this.batch(this.gather(op));
      else if (op.kind === 'message') await this.message(op);
      else await this.single(op);
    }
  }

  // The requests among what comes next, with what stands between them left for others.
  gather(first) {
    const ops = [first], most = Math.ceil(this.random.between(0, BATCH_MAX));
    while (ops.length < most && this.work[this.at]?.kind === 'request') ops.push(this.work[this.at++]);
    return ops;
  }

  again(op) {
    this.work.splice(this.at + Math.floor(this.random.between(0, WINDOW / 4)), 0, op);
  }

  bodyOf({ entry, changed }) {
    const { id, matter, title, lon, lat } = entry;
    return { source: this.source, external_id: id, matter, title: changed ? `${title} (改)` : title, location: { lon, lat } };
  }

  async single(op) {
    const answer = await this.send('requests', 'application/json', JSON.stringify(this.bodyOf(op)));
    this.counts.single++;
    this.heard(op, answer?.status, answer && JSON.parse(answer.text));
  }

  async batch(ops) {
    const answer = await this.send('requests/batch', 'application/x-ndjson', ops.map((op) => JSON.stringify(this.bodyOf(op))).join('\n'));
    this.counts.batches++;
    this.counts.lines += ops.length;
    const lines = answer?.status === 200 ? answer.text.trim().split('\n').map((line) => JSON.parse(line)) : [];
    if (answer?.status === 200 && lines.length !== ops.length) this.faults.push(`a batch of ${ops.length} was answered by ${lines.length} lines`);
    ops.forEach((op, i) => this.heard(op, answer?.status === 200 ? lines[i]?.status : answer?.status, lines[i]));
  }

  async message(op) {
    const { id, about, kind, note, solved, satisfied } = op.entry;
    const answer = await this.send('followups', 'application/json', JSON.stringify({ source: this.source, external_id: about, id, kind, note, solved, satisfied }));
    this.counts.messages++;
    if (!this.settled(op, answer?.status)) return;
    if (answer.status === 201) op.entry.created++;
    op.entry.sure = true;
    if (answer.status > 201) this.faults.push(`message ${id}: ${answer.status} ${answer.text.slice(0, 200)}`);
    else if (this.random.chance(15) && !op.repeated) this.again({ ...op, repeated: true });
  }

  // False: nothing is known, it is sent again.
  settled(op, status) {
    if (status && status < 500 && status !== 429) return true;
    if (status) this.counts.turned_away++;
    this.again(op);
    return false;
  }

  heard(op, status, body) {
    if (!this.settled(op, status)) return;
    const { entry } = op;
    if (op.changed ? status !== 409 : status !== 200 && status !== 201) {
      this.faults.push(`${entry.id}${op.changed ? ' with other content' : ''}: ${status} ${JSON.stringify(body).slice(0, 200)}`);
      return;
    }
    if (op.changed) return;
    entry.answers++;
    if (status === 201) entry.created++;
    if (entry.number && (entry.number !== body.number || entry.received_at !== body.received_at)) this.faults.push(`${entry.id}: ${entry.number}, then ${body.number}`);
    entry.number = body.number;
    entry.received_at = body.received_at;
    if (op.repeated) return;
    if (this.random.chance(15)) this.counts.repeats++, this.again({ ...op, repeated: true });
    if (this.random.chance(2)) this.counts.conflicts++, this.again({ ...op, changed: true });
  }

  // The answer, or null when it gave up: after some milliseconds, or with half the body sent.
  send(path, type, body) {
    const bytes = Buffer.from(body);
    const impatient = this.random.chance(20), cut = !impatient && this.random.chance(3);
    return new Promise((resolve) => {
      const request = http.request(`${this.url}/api/v1/${path}`, {
        method: 'POST',
        agent: this.agent,
        headers: { authorization: `Bearer ${this.token}`, 'content-type': type, 'content-length': bytes.length },
      }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') }));
        response.on('error', () => resolve(null));
      });
      request.on('error', () => resolve(null));
      if (cut) {
        this.counts.cuts++;
        request.write(bytes.subarray(0, bytes.length / 2), () => request.destroy());
        return;
      }
      request.end(bytes);
      if (impatient) this.giveUp(request, this.random.between(0, bytes.length > 4000 ? 60 : 12));
    });
  }

  giveUp(request, after) {
    const timer = setTimeout(() => (this.counts.timeouts++, request.destroy()), after);
    request.on('close', () => clearTimeout(timer));
  }
}
