// The copy of the system that is played on: its folder, address, clock, and accounts file. No packages: Node 18.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export class House {
  constructor() {
    this.var = path.resolve(process.env.PAIDAN_VAR || path.join(root, 'var'));
    this.url = process.env.PAIDAN_URL || `http://127.0.0.1:${process.env.PAIDAN_PORT || 12345}`;
    this.clock = new Clock(path.join(this.var, 'clock'));
    this.accountsFile = path.join(this.var, 'accounts.json');
  }

  get book() {
    this.read ??= this.readBook();
    return this.read;
  }

  readBook() {
    try {
      return JSON.parse(fs.readFileSync(this.accountsFile, 'utf8'));
    } catch (error) {
      throw new Error(`${this.accountsFile} cannot be read (is the demo district loaded?): ${error.message}`);
    }
  }
}

// The movable clock: services add its 8 bytes (milliseconds, host order) to real time. Written in place, as they hold it mapped.
class Clock {
  constructor(file) {
    this.file = file;
  }

  get exists() {
    return process.env.PAIDAN_CLOCK !== 'real' && fs.existsSync(this.file);
  }

  get offset() {
    return this.exists ? Number(fs.readFileSync(this.file).readBigInt64LE()) : 0;
  }

  set offset(ms) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(ms)));
    const handle = fs.openSync(this.file, 'r+');
    fs.writeSync(handle, bytes, 0, 8, 0);
    fs.closeSync(handle);
  }

  now() {
    return Date.now() + this.offset;
  }
}

// One line that moves on a terminal; elsewhere a line now and then.
export class Progress {
  constructor(label) {
    this.label = label;
    this.began = Date.now();
    this.said = 0;
    this.live = Boolean(process.stdout.isTTY);
  }

  show(share, text) {
    const width = 30;
    const full = Math.round(Math.max(0, Math.min(1, share)) * width);
    if (this.live) process.stdout.write(`\r  ${this.label} [${'█'.repeat(full)}${'·'.repeat(width - full)}] ${text}\x1b[K`);
    else if (Math.floor(share * 4) > this.said) {
      this.said = Math.floor(share * 4);
      console.log(`  ${this.label} ${Math.round(share * 100)} %  ${text}`);
    }
  }

  end(text) {
    const seconds = ((Date.now() - this.began) / 1000).toFixed(0);
    process.stdout.write(`${this.live ? '\r\x1b[K' : ''}  ${this.label}: ${text} (${seconds} s)\n`);
  }
}
