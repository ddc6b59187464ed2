// A small photo as a phone writes it: a JPEG (left half red, right half blue) with EXIF in front: when, where, and a serial number that is
// nobody's business.
const JPEG = Buffer.from('/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCABAAGADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDn6KKK8Y/SQooooAKKKKAMKiiiv2I/KgooooAKKKKAN2iiivx0/VQooooAKKKKAMKiiiv2I/KgooooAKKKKAN2iiivx0/VQooooAKKKKAMKiiiv2I/KgooooAKKKKAN2iiivx0/VQooooAKKKKAMKiiiv2I/KgooooAKKKKAP/2Q==', 'base64');

function entry(tag, format, count, value) {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(tag, 0);
  bytes.writeUInt16BE(format, 2);
  bytes.writeUInt32BE(count, 4);
  bytes.writeUInt32BE(value >>> 0, 8);
  return bytes;
}

const folder = (...entries) => Buffer.concat([Buffer.from([0, entries.length]), ...entries, Buffer.alloc(4)]);
const fractions = (...numbers) => Buffer.concat(numbers.map((n) => { const b = Buffer.alloc(8); b.writeUInt32BE(Math.round(n * 1000), 0); b.writeUInt32BE(1000, 4); return b; }));

// taken: "2026:11:20 09:30:00" local time; place: [degrees east, degrees north]
export function photo({ taken = '2026:11:20 09:30:00', place = [123.75, 41.5], orientation = 6, serial = 'SERIAL-4711' } = {}) {
  const tiff = Buffer.alloc(420);
  tiff.write('MM\0\x2a\0\0\0\x08', 0, 'latin1');
  folder(entry(0x0112, 3, 1, orientation * 65536), entry(0x8769, 4, 1, 100), entry(0x8825, 4, 1, 200)).copy(tiff, 8);
  folder(entry(0x9003, 2, 20, 150)).copy(tiff, 100);
  tiff.write(`${taken}\0`, 150, 'latin1');
  folder(entry(1, 2, 2, 0x4e000000), entry(2, 5, 3, 300), entry(3, 2, 2, 0x45000000), entry(4, 5, 3, 330)).copy(tiff, 200);
  fractions(place[1], 0, 0).copy(tiff, 300);
  fractions(place[0], 0, 0).copy(tiff, 330);
  tiff.write(serial, 360, 'latin1');
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(tiff.length + 8, 2);
  return Buffer.concat([JPEG.subarray(0, 2), head, Buffer.from('Exif\0\0', 'latin1'), tiff, JPEG.subarray(2)]);
}

export const plainPhoto = JPEG;

// Uploads as a page or program does; answers {status, headers, body}.
export async function upload(url, who, files, name = 'file', door = '/api/v1/attachments') {
  const form = new FormData();
  files.forEach((bytes, i) => form.append(name, new Blob([bytes], { type: 'application/x-anything' }), `picture-${i}.exe`));
  const answer = await fetch(url + door, { method: 'POST', headers: who.headers('POST'), body: form, signal: AbortSignal.timeout(60_000) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: text ? JSON.parse(text) : null };
}

export async function download(url, who, path, headers = {}) {
  const answer = await fetch(url + path, { headers: { ...who.headers('GET'), ...headers }, signal: AbortSignal.timeout(20_000) });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}
