// The mark of public/favicon.svg as PNG, for phones that take no SVG as an app's icon. Drawn by distance to its few shapes, so that the
// build needs no image library.

import zlib from 'node:zlib';

const BLUE = [0x1f, 0x5a, 0xa8];
const LINES = [[8.5, 16, 14, 16], [14, 16, 22.5, 9], [14, 16, 23, 16], [14, 16, 22.5, 23]];
const DOTS = [[8.5, 16, 2.7], [23.5, 8.4, 2.3], [24.2, 16, 2.3], [23.5, 23.6, 2.3]];

function toLine([x1, y1, x2, y2], x, y) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy) - 1.3;
}

/** Distance to a 32 x 32 square with round corners, negative inside. */
function toSquare(x, y, radius) {
  const [qx, qy] = [Math.abs(x - 16) - 16 + radius, Math.abs(y - 16) - 16 + radius];
  return Math.hypot(Math.max(qx, 0), Math.max(qy, 0)) + Math.min(Math.max(qx, qy), 0) - radius;
}

function chunk(type, data) {
  const whole = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  whole.copy(out, 4);
  out.writeUInt32BE(crc(whole), 8 + data.length);
  return out;
}

function crc(bytes) {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

/** maskable: to the edge, and smaller inside it, as the phone cuts its own shape. */
export function icon(size, maskable = false) {
  const rows = Buffer.alloc(size * (size * 4 + 1));
  const scale = 32 / size;
  const cover = (distance) => Math.min(1, Math.max(0, 0.5 - distance / scale));
  for (let py = 0; py < size; py++) {
    for (let px = 0; px < size; px++) {
      const [x, y] = [(px + 0.5) * scale, (py + 0.5) * scale];
      const [mx, my] = maskable ? [16 + (x - 16) * 1.3, 16 + (y - 16) * 1.3] : [x, y];
      const white = cover(Math.min(...LINES.map((line) => toLine(line, mx, my)), ...DOTS.map(([cx, cy, r]) => Math.hypot(mx - cx, my - cy) - r)));
      const at = py * (size * 4 + 1) + 1 + px * 4;
      for (let i = 0; i < 3; i++) rows[at + i] = Math.round(BLUE[i] + (255 - BLUE[i]) * white);
      rows[at + 3] = maskable ? 255 : Math.round(255 * cover(toSquare(x, y, 8)));
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', head),
    chunk('IDAT', zlib.deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
