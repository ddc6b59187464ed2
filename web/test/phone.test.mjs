// The phone's pure parts: what a photo tells of itself, and what a report becomes.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load } from './load.mjs';

const { exifOf } = await load('m/photo.ts');

/** A JPEG's head with time and place, little or big endian. */
function jpeg(little) {
  const tiff = new DataView(new ArrayBuffer(400));
  const u16 = (at, n) => tiff.setUint16(at, n, little);
  const u32 = (at, n) => tiff.setUint32(at, n, little);
  const text = (at, s) => [...s].forEach((c, i) => tiff.setUint8(at + i, c.charCodeAt(0)));
  const field = (at, tag, type, count, value) => (u16(at, tag), u16(at + 2, type), u32(at + 4, count), u32(at + 8, value));
  text(0, little ? 'II' : 'MM');
  u16(2, 42);
  u32(4, 8);
  u16(8, 2);
  field(10, 0x8769, 4, 1, 50);
  field(22, 0x8825, 4, 1, 80);
  u16(50, 1);
  field(52, 0x9003, 2, 20, 160);
  text(160, '2026:11:20 08:30:00');
  u16(80, 4);
  field(82, 1, 2, 2, 0);
  text(90, 'N');
  field(94, 2, 5, 3, 200);
  field(106, 3, 2, 2, 0);
  text(114, 'E');
  field(118, 4, 5, 3, 224);
  const degrees = (at, d, m, s) => [d, m, s].forEach((n, i) => (u32(at + i * 8, Math.round(n * 100)), u32(at + i * 8 + 4, 100)));
  degrees(200, 41, 18, 30);
  degrees(224, 123, 45, 36);
  const head = new Uint8Array([0xff, 0xd8, 0xff, 0xe1, 0x01, 0x98, 0x45, 0x78, 0x69, 0x66, 0, 0]);
  return new Blob([head, tiff.buffer]).arrayBuffer();
}

describe('a photo', () => {
  for (const little of [true, false]) {
    test(`tells when and where it was taken (${little ? 'little' : 'big'} endian)`, async () => {
      const { taken, place } = exifOf(await jpeg(little));
      assert.equal(taken, '2026-11-20T08:30:00');
      assert.ok(Math.abs(place.lat - 41.308333) < 1e-5 && Math.abs(place.lon - 123.76) < 1e-5, JSON.stringify(place));
    });
  }

  test('that is cut, or none, tells nothing and breaks nothing', async () => {
    const whole = await jpeg(true);
    for (let length = 0; length < whole.byteLength; length += 7) exifOf(whole.slice(0, length));
    assert.deepEqual(exifOf(new ArrayBuffer(0)), {});
    assert.deepEqual(exifOf(new TextEncoder().encode('not a picture at all').buffer), {});
  });
});
