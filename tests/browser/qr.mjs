// Reads a QR code as a phone does: from its picture.

import jsQR from "jsqr";
import { PNG } from "pngjs";

/** What the QR code in this PNG says. */
export function decode(png) {
  const { data, width, height } = PNG.sync.read(Buffer.from(png));
  const found = jsQR(new Uint8ClampedArray(data), width, height);
  if (!found) throw new Error(`no QR code in a picture of ${width} x ${height}`);
  return found.data;
}
