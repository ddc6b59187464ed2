// Photos: made small before they are kept and sent, as a phone's are ten times what anybody looks at. When and where one was taken is
// read from its own header first (EXIF), since making it small removes that, with everything else a picture tells of its owner.

export interface Photo {
  id: string;
  name: string;
  /** null: the server has it. */
  blob: Blob | null;
  /** When it was taken, local time "2026-11-22T09:30:00", and where. */
  taken?: string | undefined;
  place?: { lon: number; lat: number } | undefined;
  /** The server's number of it, once it is there. */
  file?: string | undefined;
}

const EDGE_MAX = 1_600;
const BYTES_MAX = 1_000_000;

/* ---- what the picture says ------------------------------------------------------------------------------------------------- */

const TAKEN = 0x9003;
const EXIF = 0x8769;
const GPS = 0x8825;

/** The TIFF block of a JPEG's APP1 segment. */
function tiffOf(view: DataView): { at: number; little: boolean } | null {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 10 < view.byteLength; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint8(at) !== 0xff) return null;
    if (view.getUint16(at) === 0xffe1 && view.getUint32(at + 4) === 0x45786966) {
      const start = at + 10;
      return { at: start, little: view.getUint16(start) === 0x4949 };
    }
  }
  return null;
}

export function exifOf(bytes: ArrayBuffer): Pick<Photo, 'taken' | 'place'> {
  const view = new DataView(bytes);
  const found: Pick<Photo, 'taken' | 'place'> = {};
  try {
    const tiff = tiffOf(view);
    if (tiff === null) return found;
    const { at, little } = tiff;
    const u16 = (o: number) => view.getUint16(at + o, little);
    const u32 = (o: number) => view.getUint32(at + o, little);
    const rational = (o: number) => u32(o) / (u32(o + 4) || 1);
    const degrees = (o: number) => rational(o) + rational(o + 8) / 60 + rational(o + 16) / 3_600;
    const fields = (dir: number) => new Map(Array.from({ length: u16(dir) }, (_, i) => [u16(dir + 2 + i * 12), dir + 2 + i * 12 + 8] as const));
    const first = fields(u32(4));
    const exif = first.get(EXIF);
    const gps = first.get(GPS);
    if (exif !== undefined) {
      const taken = fields(u32(exif)).get(TAKEN);
      if (taken !== undefined) {
        const text = String.fromCharCode(...new Uint8Array(bytes, at + u32(taken), 19));
        const match = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/.exec(text);
        if (match !== null) found.taken = `${match[1]}-${match[2]}-${match[3]}T${match[4]}`;
      }
    }
    if (gps !== undefined) {
      const f = fields(u32(gps));
      const [north, lat, east, lon] = [f.get(1), f.get(2), f.get(3), f.get(4)];
      if (lat !== undefined && lon !== undefined && north !== undefined && east !== undefined) {
        const sign = (o: number, negative: string) => (String.fromCharCode(view.getUint8(at + o)) === negative ? -1 : 1);
        const place = { lon: degrees(u32(lon)) * sign(east, 'W'), lat: degrees(u32(lat)) * sign(north, 'S') };
        if (Math.abs(place.lat) <= 90 && Math.abs(place.lon) <= 180 && (place.lat !== 0 || place.lon !== 0)) found.place = place;
      }
    }
  } catch {
    // A header that ends early: what was read so far is all there is.
  }
  return found;
}

/* ---- made small ------------------------------------------------------------------------------------------------------------ */

async function drawn(bitmap: ImageBitmap, edge: number, quality: number): Promise<Blob | null> {
  const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d')!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
}

/** null: not a picture this browser can read. */
export async function photoOf(file: Blob, id: string): Promise<Photo | null> {
  const said = exifOf(await file.slice(0, 256 * 1024).arrayBuffer());
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return null;
  }
  try {
    for (const [edge, quality] of [[EDGE_MAX, 0.82], [1_280, 0.75], [1_024, 0.65], [800, 0.5]] as const) {
      const blob = await drawn(bitmap, edge, quality);
      if (blob !== null && (blob.size <= BYTES_MAX || edge === 800)) return { id, name: `${id}.jpg`, blob, ...said };
    }
    return null;
  } finally {
    bitmap.close();
  }
}

/* ---- sent ------------------------------------------------------------------------------------------------------------------ */

/** Sets photo.file when it went well. */
export async function upload<A extends { status: number; body: Record<string, unknown> }>(
  photo: Photo,
  post: (path: string, body: FormData) => Promise<A>,
  signedIn: boolean,
): Promise<A> {
  const form = new FormData();
  form.append('file', photo.blob!, photo.name);
  const answer = await post(signedIn ? '/api/v1/attachments' : '/api/v1/public/attachments', form);
  if (answer.status >= 200 && answer.status < 300) photo.file = (answer.body.attachments as { id: string }[])[0]!.id;
  return answer;
}
